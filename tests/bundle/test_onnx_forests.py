"""When half the bytes find the same leaves, and which trees may be shown to a reader that calls itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from n4akit.bundle.lower.trees import LARGEST, doubled
from n4akit.bundle.onnx_forests import DEEPEST, halved, plain

SMALLEST = 2.0**-149
"""Of float32."""

anything = st.floats(allow_nan=False, allow_infinity=False)


def narrow(x: float) -> np.float32:
    with np.errstate(all="ignore"):
        return np.float32(x)


@given(anything, anything, st.integers(-3, 3))
@example(0.1, 0.1, 0)
@example(LARGEST, 3.4028235677973366e38, 0)
@example(SMALLEST / 2, 0.0, 1)
@example(-0.0, 5e-324, 0)
@example(1e300, 1e301, 0)
def test_halves_say_what_doubles_say_wherever_they_are_said_to(threshold: float, other: float, steps: int) -> None:
    """Tried where it turns, on the doubles around that, and anywhere."""
    grown = max(-LARGEST, min(threshold, LARGEST))
    for limit in (threshold, float(doubled(np.array([grown]))[0])):
        if halved(np.array([limit])):
            near = limit
            for _ in range(abs(steps)):
                near = float(np.nextafter(near, np.copysign(np.inf, steps)))
            for x in (near, threshold, other, -other):
                assert (x <= limit) == bool(narrow(x) <= narrow(limit))


@given(st.floats(-LARGEST, LARGEST, width=32))
def test_thresholds_of_trees_grown_on_float32_are_halved(threshold: float) -> None:
    assert halved(doubled(np.array([threshold]))) == (threshold < LARGEST)


@pytest.mark.parametrize("threshold", [0.1, 1.0, 0.0, LARGEST, 1e300, -1e300])
def test_other_thresholds_are_not(threshold: float) -> None:
    assert not halved(np.array([float(doubled(np.array([0.5]))[0]), threshold]))


def test_trees_are_plain_where_every_node_has_one_parent() -> None:
    two = np.array([1, 2, 1, 1, 2, 2, 3, 3], dtype=np.int32)
    assert plain(two, np.array([0, 3], dtype=np.int32)) and not plain(two, np.array([0], dtype=np.int32))
    assert not plain(np.array([1, 1, 1, 1], dtype=np.int32), np.array([0], dtype=np.int32))


@pytest.mark.parametrize(("levels", "expected"), [(DEEPEST, True), (DEEPEST + 1, False)])
def test_trees_are_not_plain_where_they_are_too_deep(levels: int, expected: bool) -> None:
    # On each level a leaf and the next node, on the last the leaf alone.
    node = np.arange(2 * levels - 1, dtype=np.int32)
    inner = (node % 2 == 0) & (node < 2 * levels - 2)
    kids = np.stack([np.where(inner, node + 1, node), np.where(inner, node + 2, node)], axis=1).astype(np.int32)
    assert plain(kids.ravel(), np.zeros(1, np.int32)) is expected
