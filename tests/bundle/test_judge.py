"""Whole batches are judged by numpy, and each row exactly as the plain Python of the scripts judges it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from n4akit.bundle.judge import Judge
from n4akit.bundle.runtime.limits import Envelope, Limit, Limits
from n4akit.bundle.runtime.verdict import ERRORS, WARNINGS, Usual, verdict_on
from numpy.typing import NDArray

POINTS = 12
LINE = np.linspace(0.4, 1.2, POINTS) + 0.1 * np.sin(np.arange(POINTS))
ENVELOPE = Envelope(LINE - 0.05, LINE + 0.05, (0.75, 0.85), (0.7, 1.0), 1)

value = st.one_of(
    st.floats(-0.5, 2.0),
    st.sampled_from([0.0, 1.0, -0.0, 0.5, 5e-324, 1e-5, 99.0, 1e100, -1e100, 3e150, -3e150]),
)
rows = st.one_of(
    st.lists(value, min_size=POINTS, max_size=POINTS),
    value.map(lambda one: [one] * POINTS),
    st.tuples(st.integers(0, 2**32 - 1), st.sampled_from(["plain", "share", "percent", "dead", "flat"])).map(
        lambda drawn: usual_row(*drawn)
    ),
)
distance = st.one_of(st.floats(0.0, 4.0), st.sampled_from([0.0, 1.0, 2.0, np.inf, np.nan]))


def usual_row(seed: int, way: str) -> list[float]:
    """A spectrum as in the calibration, or one of those that a check is made for."""
    rng = np.random.default_rng(seed)
    row = LINE + 0.04 * rng.normal(size=POINTS)
    if way == "share":
        row = 10.0**-row
    if way == "percent":
        row = 100.0 * 10.0**-row
    if way == "dead":
        row[rng.integers(POINTS)] = 0.0
    if way == "flat":
        row[2:9] = row[2]
    made: list[float] = row.tolist()
    return made


limits = st.builds(
    Limits,
    t2=st.none() | st.just(Limit(1.0, 2.0)),
    q=st.none() | st.just(Limit(1.0, 2.0)),
    ranges=st.sampled_from([(), ((0.0, 1.0), (-1.0, 1.0))]),
    envelope=st.none() | st.just(ENVELOPE),
)


def one_by_one(known: Limits, X: NDArray[Any], values: Any, t2: Any, q: Any) -> list[tuple[str, ...]]:
    """What scripts say."""
    pairs = {name: (one.warning, one.error) for name, one in (("t2", known.t2), ("q", known.q)) if one is not None}
    shape = known.envelope
    usual = None
    if shape is not None:
        usual = Usual(shape.low.tolist(), shape.high.tolist(), shape.middle, shape.span, shape.stretch)
    told = zip(X.astype(np.float64).tolist(), values.tolist(), t2 or [None] * len(X), q or [None] * len(X), strict=True)
    return [tuple(verdict_on(row, value, a, b, pairs, known.ranges, usual)) for row, value, a, b in told]


@given(st.data(), limits, st.sampled_from(["<f8", "<f4"]), st.booleans())
@settings(max_examples=300, deadline=None)
def test_a_batch_is_judged_as_each_of_its_rows(data: Any, known: Limits, dtype: str, distances: bool) -> None:
    drawn = data.draw(st.lists(rows, min_size=1, max_size=40))
    n = len(drawn)
    with np.errstate(over="ignore"):
        X = np.clip(np.array(drawn), -1e38, 1e38).astype(dtype) if dtype == "<f4" else np.array(drawn)
    values = np.array(data.draw(st.lists(st.tuples(*[st.floats(-2.0, 2.0)] * 2), min_size=n, max_size=n)))
    t2, q = (data.draw(st.lists(distance, min_size=n, max_size=n)) if distances else None for _ in "ab")
    found = Judge(known, missing=False).codes(X, values, *(None if d is None else np.array(d) for d in (t2, q)))
    assert list(found) == one_by_one(known, X, values, t2, q)


USUAL = Limits(t2=Limit(1.0, 2.0), q=Limit(1.0, 2.0), ranges=((0.0, 1.0),), envelope=ENVELOPE)


def said_of(row: Any, value: float = 0.5, t2: float = 0.5, q: float = 0.5, known: Limits = USUAL) -> set[str]:
    (codes,) = one_by_one(known, np.array([row]), np.array([[value]]), [t2], [q])
    assert {*codes} <= ERRORS.keys() | WARNINGS.keys() and len({*codes}) == len(codes)
    return {*codes}


@pytest.mark.parametrize(
    ("told", "codes"),
    [
        ({}, set()),
        ({"t2": 1.0, "q": 1.0}, set()),
        ({"t2": 1.5}, {"t2_warning"}),
        ({"q": 2.0}, {"q_warning"}),
        ({"t2": 2.5, "q": 3.0}, {"t2_error", "q_error"}),
        ({"value": 1.0}, set()),
        ({"value": -0.1}, {"below_range"}),
        ({"value": 1.1}, {"above_range"}),
    ],
)
def test_what_is_beyond_a_limit_has_the_code_of_it(told: dict[str, float], codes: set[str]) -> None:
    assert said_of(LINE, **told) == codes  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("row", "codes"),
    [
        (np.full(POINTS, 0.8), {"q_error", "constant_row"}),
        (10.0**-LINE, {"q_error", "looks_like_reflectance"}),
        (100.0 * 10.0**-LINE, {"q_error", "looks_like_percent"}),
        (np.where(np.arange(POINTS) == 5, 0.0, LINE), {"q_error", "dead_point"}),
        (np.where(np.arange(POINTS) % 2, -0.2, LINE), {"q_error", "points_outside"}),
        (LINE + 0.3, {"q_error", "offset_outside"}),
        ((LINE - 0.8) * 0.2 + 0.8, {"q_error", "scale_outside"}),
        (np.where((np.arange(POINTS) > 3) & (np.arange(POINTS) < 10), 0.8, LINE), {"q_error", "constant_stretch"}),
    ],
    ids=lambda given: " ".join(sorted(given - {"q_error"})) if isinstance(given, set) else "",
)
def test_a_spectrum_of_another_kind_is_named(row: Any, codes: set[str]) -> None:
    assert codes <= said_of(row, q=3.0)


def test_absorbance_is_recognised_where_reflectance_is_expected() -> None:
    share = 10.0**-LINE
    known = Limits(envelope=Envelope(share * 0.95, share * 1.05, (0.2, 0.3), (0.2, 0.4), 1))
    assert "looks_like_absorbance" in said_of(LINE, known=known)


def test_what_may_be_missing_is_judged_by_its_range_too() -> None:
    X = np.array([[1.0, np.nan, 2.0], [1.0, 1.0, np.nan], [1.0, 2.0, 3.0], [np.nan, np.nan, np.nan]])
    found = Judge(USUAL, missing=True).codes(X, np.array([[0.5], [2.0], [-1.0], [0.5]]), None, None)
    assert found == (
        ("missing_values",),
        ("above_range", "constant_row", "missing_values"),
        ("below_range",),
        ("missing_values",),
    )
