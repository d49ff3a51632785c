"""The axis: the model's own is taken, every other is refused by the name of what is wrong with it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from n4akit.bundle import Axis, AxisError
from n4akit.bundle.axis import SLACK, axis_action, smallest_step

NM = Axis(np.array([850.0, 852.0, 854.0, 857.0, 861.0]), "nm")
WAVENUMBERS = Axis(np.array([10000.0, 9990.0, 9980.0]), "cm-1")


def action(wavelengths: Any, axis: Axis | None = NM, unit: str | None = None, strict: bool = False) -> str:
    return axis_action(axis, 5 if axis is None else len(axis.values), wavelengths, unit, strict)


@pytest.mark.parametrize(
    "wavelengths",
    [
        NM.values,
        NM.values.tolist(),
        tuple(NM.values),
        NM.values.astype(np.float32),
        NM.values.astype(int),
        NM.values[:],
    ],
)
@pytest.mark.parametrize("unit", [None, "nm"])
@pytest.mark.parametrize("strict", [False, True])
def test_the_models_own_axis_is_the_same(wavelengths: Any, unit: str | None, strict: bool) -> None:
    assert action(wavelengths, unit=unit, strict=strict) == "same"


def test_a_descending_axis_is_an_axis() -> None:
    assert action([10000, 9990, 9980], WAVENUMBERS, unit="cm-1", strict=True) == "same"


@given(st.lists(st.floats(-1.0, 1.0), min_size=5, max_size=5))
@settings(max_examples=80)
def test_points_within_a_hundredth_of_the_smallest_step_are_the_same(shifts: list[float]) -> None:
    slack = SLACK * 2.0
    assert action(NM.values + 0.999 * slack * np.array(shifts)) == "same"
    if max(map(abs, shifts)) > 0.6:
        with pytest.raises(AxisError, match="interpolated"):
            action(NM.values + 2.0 * slack * np.array(shifts))


def test_without_wavelengths_nothing_is_checked_and_that_is_said() -> None:
    assert action(None) == action(None, axis=None) == "axis_unchecked"
    assert action(NM.values, axis=None) == "axis_unchecked"


@pytest.mark.parametrize(
    ("wavelengths", "axis", "unit", "words"),
    [
        (None, NM, None, "no wavelengths were given, and strict asks that they are checked; give those of the spectra"),
        (None, None, None, "no wavelengths were given, and strict asks"),
        (NM.values, None, None, "this model does not know its wavelengths, and strict asks that they are checked"),
    ],
)
def test_strict_refuses_what_cannot_be_checked(wavelengths: Any, axis: Axis | None, unit: Any, words: str) -> None:
    with pytest.raises(AxisError, match=words):
        action(wavelengths, axis, unit, strict=True)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    ("wavelengths", "words"),
    [
        (
            NM.values[:4],
            "4 points were given, the model has 5; choosing among more points or interpolating is not done",
        ),
        (np.linspace(850, 861, 50), "50 points were given, the model has 5"),
        ([], r"an array float64 \(0,\)|0 points were given"),
        (
            NM.values[::-1],
            "the model's points in another order, 861.0 … 850.0 for 850.0 … 861.0; points are not reordered",
        ),
        (NM.values[[0, 2, 1, 3, 4]], "the model's points in another order"),
        (NM.values + 0.5, r"point 1 is 850.5 nm, the model's is 850.0 nm \(allowed ±0.02; 5 of 5 points differ\)"),
        ([850, 852, 854, 857, 900], r"point 5 is 900.0 nm, the model's is 861.0 nm \(allowed ±0.02; 1 of 5 points"),
        (NM.values / 1000.0, "point 1 is 0.85 nm, the model's is 850.0 nm"),
        ([850, 852, np.nan, 857, 861], "point 3 is nan, expected a finite number"),
        ([850, np.inf, 854, 857, 861], "point 2 is inf, expected a finite number"),
        (["850", "852", "854", "857", "861"], r"an array <U3 \(5,\), expected 5 numbers in a row"),
        ([850, None, 854, 857, 861], r"an array object \(5,\), expected 5 numbers in a row"),
        ([[850, 852, 854, 857, 861]], r"an array int64 \(1, 5\), expected 5 numbers in a row"),
        ([True] * 5, r"an array bool \(5,\), expected 5 numbers in a row"),
        (np.full(5, 1j), r"an array complex128 \(5,\), expected 5 numbers in a row"),
        ([[850], [852, 854]], "expected 5 numbers"),
        (850.0, r"an array float64 \(\), expected 5 numbers in a row"),
        ("850 852", r"an array <U7 \(\), expected 5 numbers in a row"),
    ],
)
def test_any_other_axis_is_refused(wavelengths: Any, words: str, strict: bool) -> None:
    with pytest.raises(AxisError, match=words):
        action(wavelengths, strict=strict)


@pytest.mark.parametrize("unit", ["cm-1", "um", "NM", "", "Å"])
def test_another_unit_is_refused(unit: str) -> None:
    with pytest.raises(AxisError, match=f"given in {unit!r}, the model's are in 'nm'; units are not converted here"):
        action(NM.values, unit=unit)


def test_a_unit_without_wavelengths_is_refused() -> None:
    with pytest.raises(AxisError, match="unit='nm' was given without wavelengths; give both, or none"):
        action(None, unit="nm")


def test_a_model_of_one_point_takes_that_point_alone() -> None:
    one = Axis(np.array([1200.0]), "nm")
    assert action([1200], one) == "same"
    with pytest.raises(AxisError, match=r"point 1 is 1200\.001 nm"):
        action([1200.001], one)
    assert smallest_step(one.values) == 0.0
