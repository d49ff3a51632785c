"""Each point in its surroundings: SNV of the window around it, as numpy computes it."""

from __future__ import annotations

import numpy as np
import pytest
from n4akit.bundle.errors import PlanError
from n4akit.bundle.preprocessing import LocalSNV
from numpy.lib.stride_tricks import sliding_window_view

from ...conftest import Tecator
from .agreement import answers, assert_agrees, plan_of


@pytest.mark.parametrize("window", [3, 11, 99])
@pytest.mark.parametrize(("mode", "padded"), [("mirror", "reflect"), ("nearest", "edge"), ("constant", "constant")])
def test_local_snv_is_snv_of_each_window(window: int, mode: str, padded: str, tecator: Tecator) -> None:
    X, half = tecator.X[::9], window // 2
    level = {"constant_values": 2.5} if padded == "constant" else {}
    whole = np.pad(X, ((0, 0), (half, half)), mode=padded, **level)  # type: ignore[call-overload]
    windows = sliding_window_view(whole, window, axis=1)
    expected = (X - windows.mean(axis=-1)) / windows.std(axis=-1)
    assert_agrees(LocalSNV(window, mode, 2.5), X=X, expected=expected, within=1e-9)


def test_a_flat_surrounding_is_divided_by_one() -> None:
    X = np.r_[np.full(20, 2.0), np.arange(20.0)].reshape(1, -1)
    assert np.abs(answers(LocalSNV(5), X=X)[0, 3:17]).max() == 0.0


@pytest.mark.parametrize(
    ("operator", "message"),
    [
        (LocalSNV(4), "window=4"),
        (LocalSNV(5, cval=np.nan), "cval=nan"),
        (LocalSNV(5, "interp"), "mode='interp'"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(operator: LocalSNV, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        plan_of(operator, width=10)
