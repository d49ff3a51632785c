"""A spectrum of several sources, given one by one: the same bits as side by side, and never one too few."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from n4akit import AxisError, Bundle, InputError, load
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.chain import Axis, Source
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


@pytest.fixture(scope="module")
def known(tecator: Tecator, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The same with the axes of both."""
    nm = tecator.wavelengths
    sources = [Source("visible", 60, Axis(nm[:60], "nm")), Source("near", 40, Axis(1e7 / nm[60:], "cm-1"))]
    chain = from_sklearn(Ridge().fit(tecator.X, tecator.fat), sources=sources)
    return load(export(chain, Path(tmp_path_factory.mktemp("known")) / "fat"))


def test_each_source_is_brought_to_its_points_by_itself(known: Bundle, tecator: Tecator) -> None:
    nm = tecator.wavelengths
    visible, near = tecator.X[:, :60], tecator.X[:, 60:]
    expected = known.predict(tecator.X)
    superset = np.hstack([np.full((215, 1), np.nan), visible, visible[:, :1]])
    for X, wavelengths, action in (
        ([visible, near], [nm[:60], 1e7 / nm[60:]], "same"),
        (tecator.X, [nm[:60], 1e7 / nm[60:]], "same"),
        ([visible[:, ::-1], near[:, ::-1]], [nm[:60][::-1], 1e7 / nm[60:][::-1]], "sorted"),
        ([superset, near], [[800.0, *nm[:60], 2000.0], nm[60:]], "selected | recognised as nm"),
        (np.hstack([superset, near]), [[800.0, *nm[:60], 2000.0], None], "selected | axis_unchecked"),
        ([visible, near[:, ::-1]], [None, 1e7 / nm[60:][::-1]], "axis_unchecked | sorted"),
    ):
        result = known.predict_full(X, wavelengths)
        assert (result.axis_action, result.values.tobytes()) == (action, expected.tobytes())


def test_bad_rows_of_several_sources_are_named_at_once(known: Bundle, tecator: Tecator) -> None:
    nm = tecator.wavelengths
    X = [tecator.X[:3, :60][:, ::-1].copy(), tecator.X[:3, 60:].copy()]
    X[0][0, 4], X[1][2, 0] = np.nan, np.inf
    with pytest.raises(InputError, match=r"2 of 3 .*: row 1: point 5 is nan, .*; row 3: point 61 is inf"):
        known.predict(X, [nm[:60][::-1], 1e7 / nm[60:]])


def test_what_a_source_lacks_is_named(known: Bundle, tecator: Tecator) -> None:
    nm = tecator.wavelengths
    X = [tecator.X[:, :60], tecator.X[:, 60:]]
    with pytest.raises(
        AxisError, match="axis: expected a list of those of 'visible' of 60 points, 'near' of 40 points"
    ):
        known.predict(X, nm)
    with pytest.raises(AxisError, match=r"axis of 'visible': the model's point 60 .* lies above"):
        known.predict(X, [nm[:59], nm[60:]])
    with pytest.raises(InputError, match=r"source 'visible' has the shape \(215, 60\), expected \(215, 61\)"):
        known.predict(X, [[800.0, *nm[:60]], None])
    with pytest.raises(InputError, match="100 values in each row, expected 101, one for each position of the axis"):
        known.predict(tecator.X, [[800.0, *nm[:60]], None])
