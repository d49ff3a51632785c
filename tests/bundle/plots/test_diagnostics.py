"""The figure of T², Q, predictions and contributions: its numbers are those of `predict_full` and `contributions`."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from n4akit import Bundle, InputError, load
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.domain import Calibration
from n4akit.bundle.export import export
from n4akit.bundle.plots.canvas import STYLES
from n4akit.bundle.plots.distances import draw_distances
from n4akit.bundle.runtime.limits import Limit
from n4akit.bundle.transformers import StandardNormalVariate
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from ...conftest import Tecator
from .conftest import Seen


def drawn(figure: Figure) -> list[Axes]:
    """The panels of a figure that was saved: T² and Q, contributions, predictions."""
    figure.savefig(BytesIO(), format="png")
    return figure.axes


def points(ax: Axes, status: str) -> Any:
    return next(np.array(line.get_xydata()) for line in ax.lines if line.get_label() == status)


def words(ax: Axes) -> list[str]:
    """What is written in a panel, however its lines are broken."""
    return [" ".join(text.get_text().split()) for text in ax.texts]


def test_distances_stand_beside_their_limits(fat: Bundle, seen: Seen) -> None:
    result, limits = fat.predict_full(seen.X), fat.limits
    assert result.t2 is not None and result.q is not None and limits.t2 is not None and limits.q is not None
    ax = drawn(fat.plot_diagnostics(seen.X, samples=seen.names))[0]
    status = np.array(result.status)
    for name in STYLES:
        rows = status == name
        assert rows.any() and np.array_equal(points(ax, name), np.stack([result.t2[rows], result.q[rows]], axis=1))
    straight = [np.array(line.get_data()) for line in ax.lines if line.get_label() not in STYLES]
    assert [x[0] for x, y in straight if x[0] == x[1]] == [limits.t2.warning, limits.t2.error]
    assert [y[0] for x, y in straight if y[0] == y[1]] == [limits.q.warning, limits.q.error]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert {"gain", "reflectance", "dead pixel", "fattest"} <= {*words(ax)} <= {*seen.names}


def test_names_of_distances_cover_no_marker_and_no_name(fat: Bundle, seen: Seen) -> None:
    result = fat.predict_full(seen.X)
    figure = fat.plot_diagnostics(seen.X, samples=seen.names)
    ax = drawn(figure)[0]
    boxes = [Text.get_window_extent(text) for text in ax.texts]
    assert len(boxes) >= 4
    assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])
    assert result.t2 is not None and result.q is not None
    markers = ax.transData.transform(np.stack([result.t2, result.q], axis=1))
    assert not any(box.contains(x, y) for box in boxes for x, y in markers)


def test_an_axis_is_logarithmic_where_the_most_would_be_pressed_together(fat: Bundle, seen: Seen) -> None:
    t2, q = np.array([1.0, 2.0, 5.0]), np.array([0.0, 0.5, 1000.0])
    known = replace(fat.limits, t2=Limit(4.0, 8.0), q=Limit(1.0, 2.0))
    figure = Figure()
    ax = figure.add_subplot()
    assert draw_distances(ax, replace(fat.predict_full(seen.X[:3]), t2=t2, q=q, limits=known))
    drawn(figure)
    assert (ax.get_xscale(), ax.get_xlim()[0], ax.get_yscale()) == ("linear", 0.0, "log")
    shown = np.concatenate([np.array(line.get_xydata()) for line in ax.lines if line.get_label() in STYLES])
    assert sorted(shown[:, 0]) == [1.0, 2.0, 5.0] and 0.0 < shown[:, 1].min() < 0.01  # nothing is drawn far below


def test_predictions_have_their_interval_over_the_range_of_the_references(fat: Bundle, seen: Seen) -> None:
    result = fat.predict_full(seen.X)
    assert result.lower is not None and result.upper is not None
    ax = drawn(fat.plot_diagnostics(seen.X))[2]
    bars = [one for one in ax.containers if one.get_label() == "error"]
    rows = np.flatnonzero(np.array(result.status) == "error")
    marks, _, (ends,) = bars[0]
    assert np.array_equal(marks.get_xydata(), np.stack([rows + 1, result.values[rows]], axis=1))
    found = np.array(ends.get_segments())[:, :, 1]
    assert np.allclose(found, np.stack([result.lower[rows], result.upper[rows]], axis=1), rtol=1e-12)
    (band,) = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    low, high = fat.limits.ranges[0]
    assert band.get_y() == low and band.get_y() + band.get_height() == pytest.approx(high)
    assert ax.get_title(loc="left") == "prediction, with 95 % interval"


@pytest.mark.parametrize(("sample", "row"), [(None, 32), ("M03", 3), ("dead pixel", 32)])
def test_contributions_are_shares_of_q_with_their_sign(fat: Bundle, seen: Seen, sample: Any, row: int) -> None:
    residual = fat.contributions(seen.X)[row]
    ax = drawn(fat.plot_diagnostics(seen.X, samples=seen.names, sample=sample))[1]
    corners: Any = ax.collections[0].get_paths()[0].vertices
    heights = corners[:, 1].tolist()
    shares = np.sign(residual) * residual**2 / (residual**2).sum() * 100.0
    assert all(min(abs(share - height) for height in heights) < 1e-9 for share in shares)
    assert f"Q of {seen.names[row]}: " in ax.get_title(loc="left") and ax.get_xlabel() == "wavelength (nm)"
    assert row != 32 or words(ax) == ["931 nm"]


def test_samples_are_told_by_number_where_they_have_no_names(fat: Bundle, seen: Seen) -> None:
    assert "Q of 7: " in fat.plot_diagnostics(seen.X, sample=7).axes[1].get_title(loc="left")
    with pytest.raises(InputError, match=r"sample 'M99': expected one of M00, M01, .*, …"):
        fat.plot_diagnostics(seen.X, samples=seen.names, sample="M99")


def test_several_targets_have_a_panel_each(tecator: Tecator, tmp_path: Path) -> None:
    Y = np.stack([tecator.fat, tecator.water, tecator.protein], axis=1)
    chain = from_sklearn(Ridge().fit(tecator.X, Y))
    model = load(export(chain, tmp_path / "meat", calibration=Calibration(tecator.X, Y)))
    figure = model.plot_diagnostics(tecator.X[:9], samples=range(1000, 1009))
    panels = drawn(figure)[2:]
    values = model.predict(tecator.X[:9])
    for number, ax in enumerate(panels):
        marks = np.concatenate([np.array(one[0].get_xydata()) for one in ax.containers])
        assert np.array_equal(marks[np.argsort(marks[:, 0]), 1], values[:, number])
    assert len(panels) == 3 and panels[0].get_title(loc="left") == "prediction\nno interval: too little validation"
    assert [label.get_text() for label in panels[2].get_xticklabels()] == [str(number) for number in range(1000, 1009)]
    assert figure.get_size_inches()[1] > 6.0


@pytest.mark.parametrize("model", ["probabilities", "votes"])
def test_classes_stand_for_values(model: str, tecator: Tecator, tmp_path: Path) -> None:
    labels = np.array(["lean", "$fat$"])[(tecator.fat > 20.0).astype(int)]
    fitted = LogisticRegression() if model == "probabilities" else KNeighborsClassifier(3)
    chain = from_sklearn(make_pipeline(StandardNormalVariate(), fitted).fit(tecator.X, labels))
    bundle = load(export(chain, tmp_path / "meat", calibration=tecator.X))
    ax = drawn(bundle.plot_diagnostics(tecator.X[:40]))[2]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["$fat$", "lean"]
    result = bundle.predict_full(tecator.X[:40])
    for status in {*result.status}:
        rows = np.array(result.status) == status
        assert points(ax, status)[:, 1].tolist() == (result.values[rows] == "lean").astype(float).tolist()
    meshes = [one for one in ax.collections if isinstance(one, QuadMesh)]
    assert len(meshes) == (result.proba is not None)
    if result.proba is not None:
        assert np.array_equal(np.asarray(meshes[0].get_array()), result.proba.T)


def test_what_the_bundle_does_not_know_is_said_in_its_place(tecator: Tecator, tmp_path: Path) -> None:
    model = load(export(from_sklearn(Ridge().fit(tecator.X, tecator.fat)), tmp_path / "fat"))
    figure = model.plot_diagnostics(tecator.X)
    distances, contributions, predictions = drawn(figure)
    why = "the bundle was written without calibration spectra"
    assert words(distances) == [f"T² and Q are not known: {why}"]
    assert words(contributions) == [f"What the points contribute to Q is not known: {why}"]
    said = predictions.get_title(loc="left")
    assert said == "prediction\nno interval: too little validation\nno range: no reference values"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["not judged: 215"]


def test_a_figure_that_is_given_is_drawn_on(fat: Bundle, seen: Seen) -> None:
    figure = Figure(figsize=(9, 6))
    assert fat.plot_diagnostics(seen.X, figure=figure) is figure and len(drawn(figure)) == 3


def test_where_there_is_no_room_names_are_left_out(fat: Bundle, seen: Seen) -> None:
    ax = drawn(fat.plot_diagnostics(np.tile(seen.X[-4:], (10, 1)), samples=["a name as long as it gets"] * 40))[0]
    boxes = [Text.get_window_extent(text) for text in ax.texts]
    assert boxes and not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])
