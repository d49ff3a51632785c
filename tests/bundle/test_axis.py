"""The axis as callers give it: whatever holds numbers in a row is taken, everything else is refused by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from n4akit.bundle import Axis, AxisError
from n4akit.bundle.axis import KEPT, Points
from n4akit.bundle.runtime.places import SLACK

NM = Axis(np.array([850.0, 852.0, 854.0, 857.0, 861.0]), "nm")
WAVENUMBERS = Axis(np.array([10000.0, 9990.0, 9980.0]), "cm-1")


def action(wavelengths: Any, axis: Axis | None = NM, unit: Any = None, strict: bool = False) -> str:
    return str(Points(5 if axis is None else len(axis.values), axis).align(wavelengths, unit, strict).action)


@pytest.mark.parametrize(
    "wavelengths",
    [
        NM.values,
        NM.values.tolist(),
        tuple(NM.values),
        NM.values.astype(np.float32),
        NM.values.astype(int),
        NM.values[:],
        NM.values.astype(">f8"),
        np.repeat(NM.values, 2)[::2],
    ],
)
@pytest.mark.parametrize("unit", [None, "nm"])
@pytest.mark.parametrize("strict", [False, True])
def test_the_models_own_axis_is_the_same(wavelengths: Any, unit: str | None, strict: bool) -> None:
    assert action(wavelengths, unit=unit, strict=strict) == "same"
    assert action(wavelengths[::-1], unit=unit) == "sorted"


def test_a_descending_axis_is_an_axis() -> None:
    assert action([10000, 9990, 9980], WAVENUMBERS, unit="cm-1", strict=True) == "same"


@given(st.lists(st.floats(-1.0, 1.0), min_size=5, max_size=5))
@settings(max_examples=80)
def test_points_within_a_hundredth_of_the_smallest_step_are_the_same(shifts: list[float]) -> None:
    slack = SLACK * 2.0
    assert action(NM.values + 0.999 * slack * np.array(shifts)) == "same"
    if max(map(abs, shifts)) > 0.6:
        with pytest.raises(AxisError, match="strict asks"):
            action(NM.values + 2.0 * slack * np.array(shifts), strict=True)


@given(st.lists(st.floats(-0.05, 0.05), min_size=5, max_size=5), st.booleans())
@settings(max_examples=80)
def test_what_is_quickly_seen_to_be_the_same_is_what_every_host_calls_so(shifts: list[float], said: bool) -> None:
    points = Points(5, NM)
    given = NM.values + np.array(shifts)
    assert points.align(given, "nm", False).action == points._align(given.tobytes(), "nm", False).action


def test_without_wavelengths_nothing_is_checked_and_that_is_said() -> None:
    assert action(None) == action(None, axis=None) == "axis_unchecked"
    assert action(NM.values, axis=None) == "axis_unchecked"


def test_an_alignment_is_made_once_for_an_axis_that_comes_again() -> None:
    points = Points(5, NM)
    first = points.align(NM.values[::-1], None, False)
    for number in range(KEPT - 1):
        points.align([*NM.values, 900.0 + number], None, False)
    assert points.align(NM.values[::-1].tolist(), None, False) is first
    assert points.align(NM.values[::-1], "nm", False) is not first, "that is another question"


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    ("wavelengths", "words"),
    [
        (NM.values[:4], r"axis: the model's point 5 \(861 nm\) lies above 857 nm, the end of the spectra"),
        ([], "axis: no positions were given"),
        ([850, 852, np.nan, 857, 861], "axis: point 3 is nan, expected a finite number"),
        (
            ["850", "852", "854", "857", "861"],
            r"an array <U3 \(5,\), expected numbers in a row, the model has 5 points",
        ),
        ([850, None, 854, 857, 861], r"an array object \(5,\), expected numbers in a row"),
        ([[850, 852, 854, 857, 861]], r"an array int64 \(1, 5\), expected numbers in a row"),
        ([True] * 5, r"an array bool \(5,\), expected numbers in a row"),
        (np.full(5, 1j), r"an array complex128 \(5,\), expected numbers in a row"),
        ([[850], [852, 854]], "expected numbers in a row, the model has 5 points"),
        (850.0, r"an array float64 \(\), expected numbers in a row"),
        ("850 852", r"an array <U7 \(\), expected numbers in a row"),
    ],
)
def test_any_other_axis_is_refused(wavelengths: Any, words: str, strict: bool) -> None:
    with pytest.raises(AxisError, match=words):
        action(wavelengths, strict=strict)


@pytest.mark.parametrize("unit", ["NM", "", "Å", 5, ["nm"]])
def test_what_is_no_unit_is_refused(unit: Any) -> None:
    with pytest.raises(AxisError, match="expected nm, um or cm-1"):
        action(NM.values, unit=unit)


def test_a_unit_without_wavelengths_is_refused() -> None:
    with pytest.raises(AxisError, match="unit='nm' was given without wavelengths; give both, or none"):
        action(None, unit="nm")


def test_a_model_of_one_point_takes_that_point_alone() -> None:
    one = Axis(np.array([1200.0]), "nm")
    assert action([1200], one) == "same" and action([1100, 1200, 1300], one) == "selected"
    with pytest.raises(AxisError, match=r"point 1 \(1200 nm\) lies below 1200\.001 nm"):
        action([1200.001], one)
    with pytest.raises(AxisError, match=r"a gap of 0\.02"):
        action([1199.99, 1200.01], one)
