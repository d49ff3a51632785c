"""The table of wavelets: orthogonal to their own shifts, and blind to as many powers as they should be."""

from __future__ import annotations

import numpy as np
import pytest
from n4akit.bundle.wavelets import WAVELETS, details


@pytest.mark.parametrize("name", WAVELETS)
def test_a_filter_is_of_length_one_and_orthogonal_to_its_shifts_by_two(name: str) -> None:
    low = WAVELETS[name]
    for shift in range(0, len(low), 2):
        product = (low[: len(low) - shift] * low[shift:]).sum()
        assert abs(product - (shift == 0)) <= 1e-11
    assert abs(low.sum() - 2.0**0.5) <= 1e-11


@pytest.mark.parametrize("name", WAVELETS)
def test_the_details_of_a_polynomial_are_nothing(name: str) -> None:
    high = details(WAVELETS[name])
    t = np.linspace(-1.0, 1.0, len(high))
    for power in range(len(high) // 2):
        assert abs((high * t**power).sum()) <= 1e-9


def test_each_name_says_how_many_taps_there_are() -> None:
    assert len(WAVELETS["haar"]) == 2
    assert [len(WAVELETS[f"db{n}"]) for n in range(2, 9)] == [2 * n for n in range(2, 9)]
