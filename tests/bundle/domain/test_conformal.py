"""Intervals: the rank that coverage asks for, and the coverage that was promised."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from n4akit.bundle.domain import Validation
from n4akit.bundle.domain.conformal import COVERAGE, interval

ENOUGH = 19
"""So many samples are the fewest of which the largest error covers 95 %."""


def half_width(errors: list[float], groups: list[int] | None = None) -> float | None:
    found = interval(Validation([0.0] * len(errors), errors, groups), 1)
    return None if found is None else found.half_widths[0]


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=130))
def test_the_half_width_is_the_error_of_the_right_rank(errors: list[int]) -> None:
    n = len(errors)
    rank = next((k for k in range(1, n + 1) if 20 * k >= 19 * (n + 1)), None)  # the least k with k/(n + 1) ≥ 0.95
    expected = None if rank is None else float(sorted(map(abs, errors))[rank - 1])
    assert half_width([float(error) for error in errors]) == expected


def test_too_few_samples_promise_nothing() -> None:
    assert half_width([1.0] * (ENOUGH - 1)) is None and half_width([1.0] * ENOUGH) == 1.0
    assert half_width([1.0] * 100, [number % (ENOUGH - 1) for number in range(100)]) is None


def test_replicates_share_the_weight_of_their_sample() -> None:
    # One sample of forty was measured a thousand times, and badly: it is still one of forty.
    errors = [1.0] * 39 + [9.0] * 1000
    groups = [*range(39), *[39] * 1000]
    assert half_width(errors) == 9.0 and half_width(errors, groups) == 1.0


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 40)), min_size=1, max_size=120))
def test_errors_of_groups_are_weighed_as_the_rule_says(drawn: list[tuple[int, int]]) -> None:
    errors, groups = [float(error) for error, _ in drawn], [group for _, group in drawn]
    samples = len({*groups})
    sizes = {group: groups.count(group) for group in groups}
    common = math.lcm(*sizes.values())

    def covered(width: float) -> bool:
        inside = sum(common // sizes[group] for error, group in zip(errors, groups, strict=True) if error <= width)
        return 20 * inside >= 19 * common * (samples + 1)

    assert half_width(errors, groups) == next((width for width in sorted(errors) if covered(width)), None)


def test_an_interval_is_told_for_all_targets_or_for_none() -> None:
    known = np.zeros((50, 2))
    found = interval(Validation(known, known + np.array([1.0, 3.0])), 2)
    assert found is not None and (found.half_widths, found.samples, found.coverage) == ((1.0, 3.0), 50, COVERAGE)
    assert interval(Validation(known[:5], known[:5]), 2) is None


@pytest.mark.parametrize("replicates", [1, 3])
def test_new_samples_are_covered_as_often_as_promised(replicates: int) -> None:
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(600):
        samples = rng.standard_t(3, size=60).repeat(replicates) + 0.1 * rng.normal(size=60 * replicates)
        width = half_width(samples[:-replicates].tolist(), np.arange(59).repeat(replicates).tolist())
        assert width is not None
        covered.append(abs(float(samples[-1])) <= width)
    assert COVERAGE - 0.025 < np.mean(covered) < COVERAGE + 0.04
