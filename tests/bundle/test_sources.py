"""A spectrum of several sources, given one by one: the same bits as side by side, and never one too few."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from n4akit import Bundle, InputError, load
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.chain import Source
from n4akit.bundle.export import export
from numpy.typing import NDArray
from sklearn.linear_model import Ridge

from ..conftest import Tecator

Matrix = NDArray[np.float64]


@pytest.fixture(scope="module")
def bundle(tecator: Tecator, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A model of two instruments, the first of 60 points."""
    chain = from_sklearn(Ridge().fit(tecator.X, tecator.fat), sources=[Source("visible", 60), Source("near", 40)])
    return load(export(chain, Path(tmp_path_factory.mktemp("sources")) / "fat"))


def test_one_by_one_or_side_by_side_is_the_same(bundle: Bundle, tecator: Tecator) -> None:
    split = [tecator.X[:, :60], tecator.X[:, 60:]]
    assert bundle.predict(split).tobytes() == bundle.predict(tecator.X).tobytes()


MISSING: dict[str, tuple[Callable[[Matrix], Any], str]] = {
    "a source": (lambda X: [X[:, :60]], "of 1 sources, expected 'visible' of 60 points, 'near' of 40 points"),
    "none too few": (lambda X: [X[:, :60], X[:, 60:], X], "of 3 sources, expected 'visible' of 60 points"),
    "in their order": (
        lambda X: [X[:, 60:], X[:, :60]],
        r"source 'visible' has the shape \(215, 40\), expected \(215, 60",
    ),
    "a spectrum": (lambda X: [X[:, :60], X[1:, 60:]], r"source 'near' has the shape \(214, 40\), expected \(215, 40\)"),
    "a point": (lambda X: [X[:, :60], X[:, 61:]], r"source 'near' has the shape \(215, 39\), expected \(215, 40\)"),
    "side by side": (lambda X: X[:, :60], "60 values in each row, expected 100"),
}


@pytest.mark.parametrize("what", MISSING)
def test_what_is_missing_is_named(what: str, bundle: Bundle, tecator: Tecator) -> None:
    change, message = MISSING[what]
    with pytest.raises(InputError, match=message):
        bundle.predict(change(tecator.X))
