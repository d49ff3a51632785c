"""From one signal to another: numpy has the bits of plain Python, and both have the true value but for roundings."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from n4akit.bundle.runtime import InputError
from n4akit.bundle.runtime.conversions import Conversions
from n4akit.bundle.runtime.signals import (
    SIGNALS,
    Conversion,
    SignalMismatch,
    conversion_to,
    converted_row,
    signal_named,
)
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def conversions() -> dict[str, Conversion]:
    found = {}
    for source, own in itertools.permutations(SIGNALS, 2):
        if {source.split()[-1], own.split()[-1]} != {"reflectance", "transmittance"}:
            found[f"{source} to {own}"] = conversion_to(own, source)
    return found


CONVERSIONS = conversions()
ROUNDINGS: dict[str, Callable[[float], float]] = {
    # The exponent is rounded twice, and is multiplied by ln 10 in what comes out.
    "from absorbance": lambda x: 4 * 2.0**-53 * (2 + 3 * abs(x)),
    "other": lambda x: 4 * 2.0**-53,
}


def spread(conversion: Conversion) -> st.SearchStrategy[float]:
    """Values of all magnitudes that are converted; subnormal ones where no logarithm is taken."""
    whole = st.floats(conversion.least, conversion.largest)
    small = st.builds(lambda m, e: m * 2.0**e, st.floats(-1.0, 1.0), st.integers(-1074, 0))
    fine = st.builds(lambda m, e: m * 10.0**e, st.floats(0.1, 1.0), st.integers(-18, 0))
    return (whole | small | fine).filter(lambda x: conversion.least <= x <= conversion.largest)


def side_by_side(*blocks: tuple[Conversion, int], used: Any = None, missing: bool = False) -> Conversions:
    width = sum(width for _, width in blocks)
    return Conversions(blocks, range(width) if used is None else used, "as many as there are", missing=missing)


def test_there_are_twelve_ways() -> None:
    # Each of the four fractions to absorbance and back, and R and T to their percents and back; the steps differ.
    assert len(CONVERSIONS) == 12
    assert {conversion.steps for conversion in CONVERSIONS.values()} == {
        ("to absorbance",),
        ("from percent", "to absorbance"),
        ("from absorbance",),
        ("from absorbance", "to percent"),
        ("from percent",),
        ("to percent",),
    }


@pytest.mark.parametrize("way", CONVERSIONS)
@settings(max_examples=100, deadline=None)
@given(st.data())
def test_numpy_has_the_bits_of_plain_python(way: str, data: Any) -> None:
    conversion = CONVERSIONS[way]
    row = data.draw(st.lists(spread(conversion), min_size=1, max_size=40))
    expected, reason = converted_row(row, [(conversion, len(row))], range(len(row)))
    assert reason is None
    found = side_by_side((conversion, len(row)))([row, row[::-1]])
    assert found.tobytes() == np.array([expected, expected[::-1]]).tobytes()


@pytest.mark.parametrize("way", CONVERSIONS)
def test_the_result_is_the_true_one_but_for_roundings(way: str) -> None:
    conversion = CONVERSIONS[way]
    least = conversion.least if conversion.least > 0.0 else conversion.largest * 1e-9
    values = [*np.geomspace(least, conversion.largest, 300).tolist(), conversion.least, 0.25]
    mpmath.mp.prec = 200
    for value in values:
        true = mpmath.mpf(value)
        for step in conversion.steps:
            true = TRUE[step](true)
        allowed = ROUNDINGS["from absorbance" if "from absorbance" in conversion.steps else "other"](value)
        # Near an absorbance of 0 what is rounded is the fraction.
        absolute = 2.0**-53 if "to absorbance" in conversion.steps else 0.0
        assert abs(conversion.applied(value) - true) <= allowed * abs(true) + absolute, value


TRUE: dict[str, Callable[[Any], Any]] = {
    "from percent": lambda x: x / 100,
    "to percent": lambda x: x * 100,
    "to absorbance": lambda x: -mpmath.log10(x),
    "from absorbance": lambda x: mpmath.power(10, -x),
}


@pytest.mark.parametrize("way", CONVERSIONS)
def test_limits_are_converted_and_what_lies_beyond_is_not(way: str) -> None:
    conversion = CONVERSIONS[way]
    converts = side_by_side((conversion, 2))
    assert np.isfinite(converts([[conversion.least, conversion.largest]])).all()
    for beyond in (np.nextafter(conversion.least, -np.inf), np.nextafter(conversion.largest, np.inf)):
        row = [conversion.largest, float(beyond)]
        _, reason = converted_row(row, [(conversion, 2)], range(2))
        with pytest.raises(InputError, match="1 of 2 spectra") as caught:
            converts([[conversion.largest] * 2, row])
        assert caught.value.rows == ((1, reason),)
        assert reason == f"point 2 is {float(beyond)!r}, expected a value of {way.split(' to ')[0]} from " + (
            f"{conversion.least:g} to {conversion.largest:g}"
        )


def test_limits_of_one_signal_are_those_of_another() -> None:
    for way, conversion in CONVERSIONS.items():
        if way.endswith(" to absorbance"):
            back = CONVERSIONS[" to ".join(way.split(" to ")[::-1])]
            ends = [conversion.applied(conversion.largest), conversion.applied(conversion.least)]
            assert np.allclose(ends, [back.least, back.largest], rtol=1e-12)


def test_many_rows_are_converted_block_by_block_and_others_are_left() -> None:
    X = np.random.default_rng(0).uniform(0.01, 1.0, (30_000, 5))
    blocks = (
        (CONVERSIONS["reflectance to absorbance"], 2),
        (conversion_to("absorbance"), 2),
        (
            CONVERSIONS["percent transmittance to transmittance"],
            1,
        ),
    )
    found = side_by_side(*blocks)(X)
    assert found.tobytes() == np.array([converted_row(row, blocks, range(5))[0] for row in X.tolist()]).tobytes()
    assert found[:, 2:4].tobytes() == X[:, 2:4].tobytes()
    X[29_999, 1], X[17, 3], X[18, 4] = -1.0, np.nan, np.inf
    with pytest.raises(InputError) as caught:
        side_by_side(*blocks)(X)
    assert [row for row, _ in caught.value.rows] == [17, 18, 29_999]


@pytest.mark.parametrize("form", [lambda X: X.tolist(), lambda X: X.astype(">f8"), np.asfortranarray])
def test_the_form_of_the_spectra_does_not_matter(form: Any) -> None:
    X = np.random.default_rng(1).uniform(0.01, 1.0, (7, 6))
    before = X.copy()
    converts = side_by_side((CONVERSIONS["percent reflectance to absorbance"], 6))
    assert converts(form(X)).tobytes() == converts(X).tobytes() and X.tobytes() == before.tobytes()
    assert converts(X.astype("f4")).tobytes() == converts(X.astype("f4").astype("f8")).tobytes()
    assert converts(np.full((2, 6), 10)).tobytes() == converts(np.full((2, 6), 10.0)).tobytes()


@pytest.mark.parametrize("way", CONVERSIONS)
def test_missing_values_stay_missing_and_unused_ones_are_not_looked_at(way: str) -> None:
    conversion = CONVERSIONS[way]
    row = [0.5, float("nan"), -float("inf"), 0.75]
    expected, reason = converted_row(row, [(conversion, 4)], {0, 1, 3})
    assert reason is None and expected[1] != expected[1]
    found = side_by_side((conversion, 4), used={0, 1, 3}, missing=True)([row])
    assert found[0, [0, 1, 3]].tobytes() == np.array(expected)[[0, 1, 3]].tobytes()
    with pytest.raises(InputError, match="row 1: point 2 is nan, expected a finite number"):
        side_by_side((conversion, 4), used={0, 1, 3})([row])


@pytest.mark.parametrize(
    ("written", "signal"),
    [
        ("Absorbance", "absorbance"),
        ("A", "absorbance"),
        ("log(1/R)", "absorbance"),
        ("Log 1/T", "absorbance"),
        ("R", "reflectance"),
        ("t", "transmittance"),
        ("%R", "percent reflectance"),
        ("% T", "percent transmittance"),
        ("Percent_Reflectance", "percent reflectance"),
        ("reflectance%", "percent reflectance"),
    ],
)
def test_what_people_write_is_understood(written: str, signal: str) -> None:
    assert signal_named(written) == signal


@pytest.mark.parametrize("written", ["", "ln(1/R)", "%", "percent", "kubelka-munk", "raw", None, 7])
def test_what_may_mean_anything_is_not(written: Any) -> None:
    with pytest.raises(SignalMismatch, match="expected absorbance, reflectance, transmittance, percent reflectance"):
        signal_named(written)
