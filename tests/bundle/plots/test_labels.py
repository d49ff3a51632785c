"""Names are moved as little as may be, and kept in their order."""

from __future__ import annotations

import pytest
from n4akit.bundle.plots.labels import apart


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([], []),
        ([0.3], [0.3]),
        ([0.2, 0.8, 0.5], [0.2, 0.8, 0.5]),
        ([0.5, 0.5], [0.45, 0.55]),
        ([0.52, 0.5, 0.48], [0.6, 0.5, 0.4]),
        ([0.0, 0.01], [0.0, 0.1]),
        ([0.99, 1.0, 1.3], [0.8, 0.9, 1.0]),
        ([-3.0], [0.0]),
        ([0.5, 0.5, 0.1], [0.45, 0.55, 0.1]),
    ],
)
def test_neighbours_are_set_apart(places: list[float], expected: list[float]) -> None:
    assert apart(places, 0.1, 0.0, 1.0) == pytest.approx(expected)
