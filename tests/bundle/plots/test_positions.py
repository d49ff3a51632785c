"""Where points are drawn: in the order of their wavelengths, with no line across what was not measured."""

from __future__ import annotations

import numpy as np
import pytest
from n4akit.bundle.ends import Axis
from n4akit.bundle.plots.positions import positions


def test_points_are_drawn_in_order_whatever_order_they_come_in() -> None:
    layout = positions(4, Axis(np.array([3.0, 1.0, 2.0, 4.0]), "um"))
    assert layout.x.tolist() == [1.0, 2.0, 3.0, 4.0] and layout.label == "wavelength (µm)"
    assert layout.along([30.0, 10.0, 20.0, 40.0]).tolist() == [10.0, 20.0, 30.0, 40.0]


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_wavenumbers_descend_from_left_to_right(order: slice) -> None:
    layout = positions(3, Axis(np.array([4000.0, 5000.0, 6000.0])[order], "cm-1"))
    assert layout.x.tolist() == [6000.0, 5000.0, 4000.0]
    assert layout.along(np.array([[4.0, 5.0, 6.0]])[:, order]).tolist() == [[6.0, 5.0, 4.0]]


def test_a_line_ends_where_points_are_far_apart() -> None:
    layout = positions(6, Axis(np.array([1.0, 2.0, 3.0, 104.0, 105.0, 106.0]), "nm"))
    assert np.isnan(layout.x[3]) and np.isnan(layout.along(np.arange(6.0))[3])
    assert layout.along(np.arange(6.0))[[0, 1, 2, 4, 5, 6]].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]


def test_a_single_point_and_points_without_wavelengths_have_places_too() -> None:
    assert positions(1, Axis(np.array([900.0]), "nm")).x.tolist() == [900.0]
    assert positions(3, None).x.tolist() == [1.0, 2.0, 3.0]
