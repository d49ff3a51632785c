"""Spectra over the calibration: what is drawn is what the bundle says, in the unit of the model, for any bundle."""

from __future__ import annotations

import subprocess
import sys
import time
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text
from n4akit import AxisError, Bundle, InputError, load
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.chain import Axis, Source
from n4akit.bundle.export import export
from n4akit.bundle.plots.canvas import STYLES
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from ...conftest import Tecator
from .conftest import Seen


def drawn(ax: Axes) -> bytes:
    """What any program that shows or saves the figure does; warnings are errors here."""
    file = BytesIO()
    figure: Any = ax.figure
    figure.savefig(file, format="png")
    return file.getvalue()


def lines(ax: Axes) -> dict[str, Any]:
    """By status, the collection that holds the lines of its spectra."""
    return {str(one.get_label()): one for one in ax.collections if isinstance(one, LineCollection)}


def vertices(collection: LineCollection) -> Any:
    """Of each line, its corners; a NaN where it is broken."""
    return np.array([path.vertices for path in collection.get_paths()])


def texts(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


def legend(ax: Axes) -> list[str]:
    found = ax.get_legend()
    assert found is not None
    return [text.get_text() for text in found.get_texts()]


def test_each_spectrum_is_a_line_that_looks_like_its_status(fat: Bundle, seen: Seen, tecator: Tecator) -> None:
    status = np.array(fat.predict_full(seen.X).status)
    ax = fat.plot_spectra(seen.X, tecator.wavelengths)
    assert drawn(ax).startswith(b"\x89PNG") and [*lines(ax)] == ["ok", "warning", "error"]
    for name, collection in lines(ax).items():
        assert np.array_equal(vertices(collection)[:, :, 1], seen.X[status == name])
        assert np.array_equal(vertices(collection)[0, :, 0], tecator.wavelengths)
        assert to_hex(collection.get_color()[0]).upper() == STYLES[name].colour
    assert len({str(style.line) for style in STYLES.values()}) == len({s.colour for s in STYLES.values()}) == 3
    counts = [f"{name}: {(status == name).sum()}" for name in STYLES]
    assert legend(ax) == ["calibration (99 samples)", *counts, "outside the calibration"]


def test_the_band_is_the_calibration(fat: Bundle, seen: Seen) -> None:
    envelope = fat.limits.envelope
    assert envelope is not None and fat.axis is not None
    (band,) = [one for one in fat.plot_spectra(seen.X).collections if not isinstance(one, LineCollection)]
    corners = {(x, y) for x, y in band.get_paths()[0].vertices.tolist()}  # type: ignore[union-attr]
    for edge in (envelope.low, envelope.high):
        assert {*zip(fat.axis.values.tolist(), edge.tolist(), strict=True)} <= corners


def test_points_outside_are_marked_on_spectra_that_stand_out(fat: Bundle, seen: Seen, tecator: Tecator) -> None:
    dead = fat.plot_spectra(seen.X[32:33]).lines
    assert [line.get_xydata().tolist() for line in dead] == [[[tecator.wavelengths[40], 0.0]]]  # type: ignore[union-attr]
    (gain,) = fat.plot_spectra(seen.X[30:31]).lines
    ends: Any = gain.get_xdata()
    assert 20 <= len(ends) <= 25 and (ends[0], ends[-1]) == (850.0, 1050.0)
    ok = [row for row, status in enumerate(fat.predict_full(seen.X).status) if status == "ok"]
    assert len(fat.plot_spectra(seen.X[ok]).lines) == 0


def test_the_worst_are_named_beside_their_ends_and_no_names_overlap(fat: Bundle, seen: Seen) -> None:
    assert fat.axis is not None
    ax = fat.plot_spectra(seen.X, samples=seen.names)
    drawn(ax)
    names = [text for text in ax.texts if text.get_text() in seen.names]
    assert {"gain", "reflectance", "dead pixel", "fattest"} <= {text.get_text() for text in names} and len(names) <= 8
    boxes = sorted((box.y0, box.y1) for box in (Text.get_window_extent(text) for text in names))
    assert all(below[1] <= above[0] + 3.0 for below, above in pairwise(boxes))
    assert texts(fat.plot_spectra(seen.X[-1:], fat.axis.values)) == ["1"]


def test_wavenumbers_descend_and_what_was_done_is_said(tecator: Tecator, tmp_path: Path) -> None:
    chain = from_sklearn(Ridge().fit(tecator.X, tecator.fat), wavelengths=1e7 / tecator.wavelengths, unit="cm-1")
    model = load(export(chain, tmp_path / "fat", calibration=tecator.X))
    ax = model.plot_spectra(tecator.X[:5], tecator.wavelengths, unit="nm")
    assert ax.get_xlabel() == "wavenumber (cm⁻¹)" and ax.get_xlim() == (1e7 / 850.0, 1e7 / 1050.0)
    assert "brought to the points of the model: converted from nm" in texts(ax)
    assert np.array_equal(vertices(lines(ax)["ok"])[0, :, 1], tecator.X[0])


def test_without_calibration_the_spectra_are_drawn_and_that_is_said(tecator: Tecator, tmp_path: Path) -> None:
    model = load(export(from_sklearn(Ridge().fit(tecator.X, tecator.fat)), tmp_path / "fat"))
    ax = model.plot_spectra(tecator.X)
    assert len(drawn(ax)) > 10_000 and legend(ax) == ["not judged: 215"] and ax.get_xlabel() == "point"
    assert texts(ax) == [
        "nothing to compare with: the bundle was written without calibration spectra\n"
        "no wavelengths were given: the points are taken for the model's"
    ]


def test_missing_values_leave_gaps(tecator: Tecator, tmp_path: Path) -> None:
    X = tecator.X.copy()
    X[::3, 10:20] = np.nan
    fitted = make_pipeline(SimpleImputer(), Ridge()).fit(X, tecator.fat)
    model = load(export(from_sklearn(fitted), tmp_path / "fat", calibration=tecator.X))
    ax = model.plot_spectra(X[:3])
    drawn(ax)
    assert np.isnan(vertices(lines(ax)["warning"])[0, 10:20, 1]).all()
    assert "does not tell how the 215 samples of its calibration look" in texts(ax)[0]


def test_sources_stand_side_by_side_each_on_its_axis(tecator: Tecator, tmp_path: Path) -> None:
    nm = tecator.wavelengths
    sources = [Source("visible", 60, Axis(nm[:60], "nm")), Source("near", 40, Axis(1e7 / nm[60:][::-1], "cm-1"))]
    chain = from_sklearn(Ridge().fit(tecator.X, tecator.fat), sources=sources)
    model = load(export(chain, tmp_path / "fat", calibration=tecator.X))
    ax = model.plot_spectra([tecator.X[:4, :60], tecator.X[:4, 60:]])
    drawn(ax)
    assert ax.get_xlabel() == "wavelength (nm)  |  wavenumber (cm⁻¹)" and {"visible", "near"} <= {*texts(ax)}
    values = vertices(next(iter(lines(ax).values())))[0, :, 1]
    assert np.isnan(values[60]) and np.array_equal(values[61:], tecator.X[0, 60:][::-1])  # wavenumbers descend
    said = [float(label.get_text()) for label in ax.get_xticklabels()]
    assert said[0] >= 850.0 and said[-4:] == [9600.0, 9800.0, 10000.0, 10200.0]
    assert (np.diff(ax.get_xticks()[-4:]) < 0.0).all()


def test_a_panel_of_a_figure_is_drawn_on_and_nothing_else_is_touched(fat: Bundle, seen: Seen) -> None:
    before = dict(mpl.rcParams)
    panel = Figure().subplots(2, 2)[1, 0]
    assert fat.plot_spectra(seen.X, ax=panel) is panel
    drawn(panel)
    assert dict(mpl.rcParams) == before


def test_thousands_take_no_longer_than_one_can_wait(fat: Bundle, seen: Seen) -> None:
    started = time.perf_counter()
    ax = fat.plot_spectra(np.tile(seen.X, (100, 1)))
    drawn(ax)
    assert time.perf_counter() - started < 30.0 and len(legend(ax)) == 5


def test_odd_names_are_written_as_they_are(fat: Bundle, seen: Seen) -> None:
    ax = fat.plot_spectra(seen.X[-2:], samples=["$\\x$", "a name that is far too long for any picture"])
    drawn(ax)
    assert {"$\\x$", "a name that is far…"} <= {*texts(ax)}


def test_what_cannot_be_predicted_is_refused_as_ever(fat: Bundle, seen: Seen, tecator: Tecator) -> None:
    with pytest.raises(InputError, match="samples: 2 names for 34 spectra, expected one for each"):
        fat.plot_spectra(seen.X, samples=["a", "b"])
    with pytest.raises(InputError, match="99 values in each row, expected 100"):
        fat.plot_spectra(seen.X[:, :-1])
    with pytest.raises(AxisError):
        fat.plot_spectra(seen.X, tecator.wavelengths + 500.0)
    with pytest.raises(AxisError, match="strict"):
        fat.plot_diagnostics(seen.X[:, ::-1], tecator.wavelengths[::-1], strict=True)


WITHOUT = """
import sys
from n4akit import load
from n4akit.bundle.errors import MissingPackage
model = load(sys.argv[1])
X = model.golden.rows
model.predict_full(X), model.contributions(X)
assert not any(name.startswith("matplotlib") for name in sys.modules)
model.plot_spectra(X).figure.savefig(sys.argv[2]), model.plot_diagnostics(X).savefig(sys.argv[2])
assert "matplotlib.pyplot" not in sys.modules
sys.modules["matplotlib"] = None
for draw in (model.plot_spectra, model.plot_diagnostics):
    try:
        draw(X)
    except ImportError as error:
        assert type(error) is MissingPackage
        print(error)
"""


def test_nothing_is_loaded_unasked_and_what_is_missing_is_named(fat: Bundle, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, fat.path, str(tmp_path / "seen.png")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("pip install 'n4akit[plot]' brings matplotlib") == 2
