"""The discrete wavelet transform: by its definition as a convolution of which every second value is kept."""

from __future__ import annotations

import numpy as np
import pytest
from n4akit.bundle.errors import PlanError
from n4akit.bundle.preprocessing import Wavelet

from ...conftest import Tecator
from .agreement import Matrix, answers, assert_agrees, plan_of

HAAR = np.array([0.5, 0.5]) ** 0.5
ROOT = 3.0**0.5
DB2 = np.array([1.0 - ROOT, 3.0 - ROOT, 3.0 + ROOT, 1.0 + ROOT]) / 32.0**0.5
LONG = np.array([*DB2, *HAAR, *DB2])


def mirrored(low: Matrix) -> Matrix:
    """The filter of the details: backwards, every second sign changed."""
    return low[::-1] * np.where(np.arange(len(low)) % 2, 1.0, -1.0)


def once(x: Matrix, taps: Matrix, pad: str) -> Matrix:
    """numpy's padding and convolution, then every second value."""
    reach = len(taps) - 1
    extended = np.pad(x, reach, mode=pad)  # type: ignore[call-overload]
    return np.asarray(np.convolve(extended, taps, "valid")[1::2])


PADDED = {"symmetric": "symmetric", "reflect": "reflect", "constant": "edge", "zero": "constant", "periodic": "wrap"}


@pytest.mark.parametrize("mode", PADDED)
@pytest.mark.parametrize("low", [HAAR, DB2, LONG], ids=["haar", "db2", "ten taps"])
@pytest.mark.parametrize("points", [100, 99])
def test_it_is_a_convolution_of_which_every_second_value_is_kept(
    mode: str, low: Matrix, points: int, tecator: Tecator
) -> None:
    X = tecator.X[::9, :points]
    filters = (low, mirrored(low))
    expected = np.array([np.concatenate([once(x, taps, PADDED[mode]) for taps in filters]) for x in X])
    assert_agrees(Wavelet(*filters, mode), X=X, expected=expected, within=1e-12)


@pytest.mark.parametrize("points", [100, 99])
@pytest.mark.parametrize("low", [HAAR, DB2], ids=["haar", "db2"])
def test_a_period_keeps_the_energy(low: Matrix, points: int, tecator: Tecator) -> None:
    """Orthogonal filters on a closed ring; of an odd number of points the last is repeated."""
    X = tecator.X[::9, :points]
    found = answers(Wavelet(low, mirrored(low), "periodization"), X=X)
    ring = np.concatenate([X, X[:, -1:]], axis=1) if points % 2 else X
    np.testing.assert_allclose((found**2).sum(axis=1), (ring**2).sum(axis=1), rtol=1e-12)


def test_a_line_has_no_details() -> None:
    """The filter has two vanishing moments."""
    X = np.array([3.0 - 0.2 * np.arange(40)])
    details = answers(Wavelet(DB2, mirrored(DB2), "smooth"), X=X)[0, 21:]
    assert np.abs(details).max() <= 1e-13


@pytest.mark.parametrize(
    ("operator", "message"),
    [
        (Wavelet(HAAR, DB2), "filters of 2 and 4 taps"),
        (Wavelet(DB2[:3], DB2[:3]), "the same even length"),
        (Wavelet(HAAR, HAAR, "antireflect"), "mode='antireflect', expected periodization, symmetric"),
        (Wavelet(HAAR, HAAR, level=0), "level=0"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(operator: Wavelet, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        plan_of(operator, width=10)
