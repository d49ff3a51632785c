"""How spectra come to the points of a model: every rule of FORMAT.md §12 at its border, every refusal in its words."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from n4akit.bundle.runtime.alignment import UNITS, Alignment, AlignmentError, align
from n4akit.bundle.runtime.places import COARSE, EDGE, GAP, HOLE, SLACK

NM = [1000.0 + 10.0 * point for point in range(11)]
"""1000 to 1100 nm, steps of 10: a tolerance of 0.1."""
CM = [10000.0 - 50.0 * point for point in range(11)]
"""10000 to 9500 cm-1."""


def told(given: Any, unit: str | None = None, axis: list[float] | None = NM, own: str | None = "nm") -> Alignment:
    return align(len(axis or NM), axis, own, given, unit)  # type: ignore[no-any-return]


def action(given: Any, unit: str | None = None, axis: list[float] | None = NM, own: str | None = "nm") -> str:
    return str(told(given, unit, axis, own).action)


# Same, sorted, selected


def test_points_within_the_tolerance_are_the_same() -> None:
    assert told([x + 0.0999 for x in NM]).columns is None and action([x - 0.0999 for x in NM]) == "same"
    assert action([x + 0.11 for x in NM]) == "interpolated; ends held"


def test_the_tolerance_is_a_hundredth_of_the_smallest_step() -> None:
    axis = [1000.0, 1002.0, 1100.0]
    assert action([1000.0, 1002.0, 1100.019], axis=axis) == "same"
    assert action([1000.0, 1002.0, 1100.021], axis=axis) != "same"


def test_columns_say_where_each_point_is() -> None:
    assert told(NM[::-1]).columns == [*range(10, -1, -1)]
    assert told([900.0, *NM[5:], *NM[:5]]).columns == [7, 8, 9, 10, 11, 1, 2, 3, 4, 5, 6]
    assert not told(NM[::-1]).between


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (NM[::-1], "sorted"),
        (NM[3:] + NM[:3], "sorted"),
        ([900.0, *NM, 2000.0], "selected"),
        ([1100.0 - x for x in range(-50, 150)], "sorted; selected"),
        ([5.0, *NM[4:], 7.0, *NM[:4], 6.0], "sorted; selected"),
        ([x + 0.05 for x in [990.0, *NM]], "selected"),
    ],
)
def test_points_of_the_model_are_found_among_others(given: list[float], said: str) -> None:
    assert action(given) == said


def test_a_model_whose_axis_falls_is_no_special_case() -> None:
    assert action(CM, axis=CM, own="cm-1") == "same"
    assert action(CM[::-1], axis=CM, own="cm-1") == "sorted"
    assert action([10050.0, *CM], axis=CM, own="cm-1") == "selected"
    found = told([9400.0 + 30.0 * i for i in range(25)], axis=CM, own="cm-1")
    assert (found.action, found.columns[0], found.between[-1][0]) == ("sorted; interpolated", 20, 10)


def test_of_two_points_within_the_tolerance_the_nearer_is_taken_the_lower_if_both_are() -> None:
    rest = NM[1:]
    assert told([999.9375, 1000.03125, *rest]).columns[0] == 1
    assert told([999.9375, 1000.0625, *rest]).columns[0] == 0
    assert told([1000.0625, 999.9375, *rest]).columns[0] == 1


# Units


@pytest.mark.parametrize("unit", UNITS)
def test_units_are_read_as_people_write_them(unit: str) -> None:
    given = {"nm": NM, "um": [x / 1000.0 for x in NM], "cm-1": [1e7 / x for x in NM]}[UNITS[unit]]
    said = "same" if UNITS[unit] == "nm" else f"converted from {UNITS[unit]}"
    assert action(given, unit) == said


CONVERSIONS: dict[tuple[str, str], Callable[[float], float]] = {
    ("nm", "cm-1"): lambda x: 1e7 / x,
    ("cm-1", "nm"): lambda x: 1e7 / x,
    ("um", "cm-1"): lambda x: 1e4 / x,
    ("cm-1", "um"): lambda x: 1e4 / x,
    ("um", "nm"): lambda x: x * 1000.0,
    ("nm", "um"): lambda x: x / 1000.0,
}


@pytest.mark.parametrize(("source", "unit"), CONVERSIONS)
def test_positions_are_converted_by_one_rounding(source: str, unit: str) -> None:
    convert = CONVERSIONS[source, unit]
    given = [0.7 + 0.01 * i for i in range(30)]
    x = [convert(v) for v in given]
    model = [x[i] + (x[i + 1] - x[i]) * 0.375 for i in (7, 8)]
    found = align(2, model, unit, given, source)
    pairs = [(7, 8), (8, 9)] if x[7] < x[8] else [(8, 7), (9, 8)]
    assert found.columns == [low for low, _ in pairs]
    assert found.between == [[i, high, (model[i] - x[low]) / (x[high] - x[low])] for i, (low, high) in enumerate(pairs)]


def test_where_none_is_declared_the_unit_is_the_models() -> None:
    assert action(CM, axis=CM, own="cm-1") == "same"
    # Numbers that could be nm, but lie on the model: a model of the mid infrared.
    mid = [2000.0 - 4.0 * i for i in range(300)]
    assert action(mid[::-1], axis=mid, own="cm-1") == "sorted"


@pytest.mark.parametrize(
    ("given", "own", "axis", "said"),
    [
        ([x / 1000.0 for x in NM], "nm", NM, "recognised as um"),
        ([1e7 / x for x in NM], "nm", NM, "recognised as cm-1"),
        ([1e7 / x for x in CM], "cm-1", CM, "recognised as nm"),
        ([1e4 / x for x in CM], "cm-1", CM, "recognised as um"),
        (NM, "um", [x / 1000.0 for x in NM], "recognised as nm"),
        ([1e7 / x for x in NM], "um", [x / 1000.0 for x in NM], "recognised as cm-1"),
    ],
)
def test_a_unit_that_is_unmistakable_is_recognised(given: Any, own: str, axis: list[float], said: str) -> None:
    assert action(given, None, axis, own) == said


MISTAKABLE = {
    "ascending, it could be nm": [1e7 / x for x in NM[::-1]],
    "falling wavelengths": [x / 1000.0 for x in NM[::-1]],
    "beyond 2.6": [0.9 + 0.02 * i for i in range(100)],
    "beyond 2600": [1200.0 + 10.0 * i for i in range(200)],
    "from 3000 on": [12000.0 - 100.0 * i for i in range(91)],
    "places": [float(i) for i in range(11)],
}


@pytest.mark.parametrize("what", MISTAKABLE)
def test_a_unit_that_is_mistakable_is_asked_for(what: str) -> None:
    with pytest.raises(AlignmentError, match="if the positions are in another unit, give it: nm, um or cm-1"):
        action(MISTAKABLE[what])


# Interpolation, its ends and its gaps


def test_a_point_between_two_takes_a_share_of_both() -> None:
    found = told([995.0 + 10.0 * i for i in range(12)])
    assert (found.action, found.coarse) == ("interpolated", False)
    assert found.columns == [*range(11)] and found.between == [[i, i + 1, 0.5] for i in range(11)]
    assert found.applied([float(i * i) for i in range(12)]) == [i * i + (2 * i + 1) * 0.5 for i in range(11)]


def test_what_is_met_is_the_value_itself() -> None:
    found = told([1000.05, 1005.0, 1012.0, *NM[2:]])
    assert [point for point, _, _ in found.between] == [1]
    values = [-0.0, *(1.0 + i for i in range(len(NM)))]
    assert str(found.applied(values)[0]) == "-0.0" and found.applied(values)[2:] == values[3:]


def test_half_a_step_beyond_the_ends_the_value_at_the_end_is_held() -> None:
    edge = EDGE * 10.0 + SLACK * 10.0
    found = told([x + edge - 0.01 for x in NM])
    assert found.action == "interpolated; ends held" and found.columns[0] == 0
    assert found.applied([7.0] + [1.0] * 10)[0] == 7.0
    assert action([x - edge + 0.01 for x in NM]) == "interpolated; ends held"
    with pytest.raises(AlignmentError, match=r"point 1 \(1000 nm\) lies below 1005\.11 nm"):
        action([x + edge + 0.01 for x in NM])


def test_the_step_is_that_at_the_end() -> None:
    axis = [1000.0, 1002.0, 1010.0, 1020.0]
    assert action([1001.0, 1004.0, 1012.0, 1022.0], axis=axis) == "interpolated; ends held"
    with pytest.raises(AlignmentError, match=r"point 1 \(1000 nm\) lies below 1001\.5 nm"):
        action([1001.5, 1004.0, 1012.0, 1022.0], axis=axis)


def test_a_grid_is_coarse_beyond_two_steps_of_the_model() -> None:
    assert COARSE == 2.0
    assert not told([1000.0 + 20.0 * i for i in range(6)]).coarse
    assert not told([1000.0 + 20.0 * i + 0.05 * (i % 2) for i in range(6)]).coarse
    assert told([999.5 + 20.2 * i for i in range(6)]).coarse
    assert not told(sorted([*NM, 2000.0])).coarse, "where nothing is put between them, points may lie as they like"


def test_a_gap_is_wider_than_ten_steps_or_three_distances_on_either_side() -> None:
    assert (GAP, HOLE) == (10.0, 3.0)
    assert told([1000.0, 1100.0]).coarse
    with pytest.raises(
        AlignmentError, match=r"a gap of 100\.2, from 999\.9 to 1100\.1 nm, is too wide for the model's"
    ):
        action([999.9, 1100.1])
    assert told([*NM[:3], 1050.0, *NM[6:]]).coarse, "three steps"
    with pytest.raises(AlignmentError, match=r"points 4 to 6 \(1030 to 1050 nm\) in it; allowed are 10 steps of the m"):
        action([*NM[:3], *NM[6:]])


def test_points_of_a_model_that_has_a_gap_itself_do_not_reach_into_it() -> None:
    axis = [1000.0, 1002.0, 1004.0, 1200.0, 1202.0]
    with pytest.raises(AlignmentError, match=r"a gap of 195\.5, from 1003\.5 to 1199 nm"):
        action([999.5, 1001.5, 1003.5, 1199.0, 1201.0, 1203.0], axis=axis)
    assert action([999.5, 1001.5, 1003.5, 1005.0, 1199.0, 1201.0, 1203.0], axis=axis) == "interpolated"


# Refusals

REFUSED: dict[str, tuple[Any, str | None, str]] = {
    "nothing": ([], None, "axis: no positions were given, expected one for each value of a spectrum"),
    "a NaN": ([*NM[:4], float("nan")], None, "axis: point 5 is nan, expected a finite number"),
    "an infinity": ([-float("inf"), *NM], None, "axis: point 1 is -inf, expected a finite number"),
    "too few at the upper end": (
        NM[:-2],
        None,
        "axis: the model's points 10 to 11 (1090 to 1100 nm) lie above 1080 nm, the end of the spectra, by more than "
        "half a step; nothing is made up where nothing was measured",
    ),
    "too few at both ends": (
        NM[1:-1],
        None,
        "axis: the model's point 1 (1000 nm) lies below 1010 nm, the end of the spectra, by more than half a step; the "
        "model's point 11 (1100 nm) lies above 1090 nm, the end of the spectra, by more than half a step; nothing is",
    ),
    "gaps and an end": (
        [NM[0], NM[1], NM[5], NM[6], NM[7]],
        None,
        "axis: the model's points 9 to 11 (1080 to 1100 nm) lie above 1070 nm, the end of the spectra, by more than "
        "half a step; a gap of 40, from 1010 to 1050 nm, is too wide for the model's points 3 to 5 (1020 to 1040 nm) "
        "in it; allowed are 10 steps of the model, and 3 times the distance on either side; nothing is made up",
    ),
    "a wrong digit": (
        [999.0, 1009.0, 101.9, *[x - 1.0 for x in NM[3:]], 1105.0],
        None,
        "axis: points 2 and 3 are at 1009 and 101.9 nm, expected positions that only ascend or only descend, or all of "
        "the model's among them",
    ),
    "a point twice": ([*NM, NM[3]], None, "axis: points 4 and 12 are both at 1030 nm, expected each position once"),
    "points that one unit holds apart": (
        [0.9990000000000022, 0.9990000000000023, 1.2],
        "um",
        "axis, converted from um: points 1 and 2 are both at 999 nm, expected each position once",
    ),
    "another unit than was said": (
        NM,
        "um",
        "axis, converted from um: the model's points 1 to 11 (1000 to 1100 nm) lie below 1000000 nm, the end of the "
        "spectra, by more than half a step; nothing is made up where nothing was measured; if the positions are in "
        "another unit, give it: nm, um or cm-1",
    ),
    "a unit that is none": (NM, "nanometres", "axis: the unit is 'nanometres', expected nm, um or cm-1"),
    "no unit": (NM, "", "axis: the unit is '', expected nm, um or cm-1"),
    "a zero to be converted": (
        [0.0, *NM],
        "cm-1",
        "axis: a position is 0 cm-1, expected positive numbers, which alone",
    ),
    "next to nothing to be converted": ([1e-320, 1.0], "cm-1", "cm-1 is beyond all numbers in nm"),
    "other points": ([1500.0, 1510.0], "nm", "axis: the model's points 1 to 11 (1000 to 1100 nm) lie below 1500 nm"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_aligned_is_refused_with_what_was_found(what: str) -> None:
    given, unit, said = REFUSED[what]
    with pytest.raises(AlignmentError) as caught:
        action(given, unit)
    assert said in str(caught.value)


def test_many_gaps_are_counted() -> None:
    axis = [1000.0 + i for i in range(201)]
    with pytest.raises(AlignmentError, match=r"and 7 more gaps; allowed are 10 steps") as caught:
        action([1000.0 + 20.0 * i for i in range(11)], axis=axis)
    assert str(caught.value).count("a gap of 20, from") == 3


def test_a_model_of_another_unit_or_order_takes_its_own_points_alone() -> None:
    assert action(NM, "eV", NM, "eV") == "same" and action(NM[::-1], None, NM, "eV") == "sorted"
    with pytest.raises(AlignmentError, match="given in nm, expected eV, which nothing is converted to"):
        action(NM, "nm", NM, "eV")
    mixed = [*NM[5:], *NM[:5]]
    assert action(mixed, "nm", mixed) == "same"
    with pytest.raises(AlignmentError, match="the model's own points are in no order; give spectra on them"):
        action(NM, "nm", mixed)


def test_without_an_axis_nothing_is_checked_and_that_is_said() -> None:
    assert action(None) == action(None, None, None, None) == action(NM, None, None, None) == "axis_unchecked"
    with pytest.raises(AlignmentError, match="axis: 10 positions were given, the model has 11 points"):
        action(NM[1:], None, None, None)
    with pytest.raises(AlignmentError, match="unit='nm' was given without wavelengths; give both, or none"):
        action(None, "nm")


STRICT: dict[str, tuple[Any, list[float] | None, str]] = {
    "no axis": (
        None,
        NM,
        "no wavelengths were given, and strict asks that they are checked; give those of the spectra",
    ),
    "a model without": (NM, None, "this model does not know its wavelengths, and strict asks that they are checked"),
    "another order": (
        NM[::-1],
        NM,
        "axis: strict asks for the model's own points in their order and unit (nm), and th",
    ),
    "a superset": ([990.0, *NM], NM, "(nm), and these would be selected"),
    "another unit": ([x / 1000.0 for x in NM], NM, "(nm), and these would be recognised as um"),
    "points between": ([x + 3.0 for x in NM], NM, "(nm), and these would be interpolated; ends held"),
}


@pytest.mark.parametrize("what", STRICT)
def test_strict_refuses_all_but_the_models_own_axis(what: str) -> None:
    given, axis, said = STRICT[what]
    with pytest.raises(AlignmentError) as caught:
        align(len(NM), axis, axis and "nm", given, None, True)
    assert said in str(caught.value)
    assert align(len(NM), NM, "nm", [x + 0.05 for x in NM], "nm", True).action == "same"


# Any axis

positions = st.lists(st.integers(0, 4000), min_size=1, max_size=40, unique=True).map(
    lambda places: [900.0 + 0.125 * place for place in sorted(places)]
)


@settings(max_examples=400, deadline=None)
@given(positions, positions, st.booleans(), st.booleans())
def test_any_axis_is_aligned_as_fractions_say_or_refused(
    axis: list[float], given: list[float], axis_falls: bool, given_falls: bool
) -> None:
    given = [axis[0] - 1.0, *given, axis[-1] + 1.0] if len(given) % 2 else given
    given = sorted({*given})
    model = axis[::-1] if axis_falls else axis
    spectra = given[::-1] if given_falls else given
    try:
        found = told(spectra, "nm", model)
    except AlignmentError:
        assume(False)
    columns = found.columns or [*range(len(model))]
    between = {point: (high, share) for point, high, share in found.between}
    slack = Fraction(SLACK * min((b - a for a, b in pairwise(axis)), default=0.0))
    for point, q in enumerate(model):
        nearest = min(given, key=lambda x: abs(x - q))
        if abs(Fraction(nearest) - Fraction(q)) <= slack:
            assert spectra[columns[point]] == nearest and point not in between
        elif point in between:
            above = bisect_right(given, q)
            high, share = between[point]
            x0, x1 = given[above - 1], given[above]
            assert (spectra[columns[point]], spectra[high]) == (x0, x1)
            assert share == float(Fraction(q - x0) / Fraction(x1 - x0)) and 0.0 < share < 1.0
        else:
            assert q in (min(axis), max(axis)) and spectra[columns[point]] in (given[0], given[-1])
            assert "ends held" in found.action
