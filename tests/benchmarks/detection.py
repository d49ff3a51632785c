"""What the record of a prediction says of spectra that are not what the model was made for, and of those that are.

Run: python tests/benchmarks/detection.py [--splits N] [--others] [SPECTRA.npz]; an .npz holds X (n, p) on a grid of
2 nm, and Y (n,) or (n, t), of which the second column is taken. Without it there is Tecator alone. --others tells in
brief of other models: the other properties, other steps, spectra that are made up.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from n4akit import load
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.domain import Calibration, Validation
from n4akit.bundle.export import export
from n4akit.bundle.runtime.verdict import ERRORS
from n4akit.bundle.transformers import MultiplicativeScatterCorrection, SavitzkyGolay, StandardNormalVariate
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.stats import beta
from sklearn.cross_decomposition import PLSRegression
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from workload import spectra

TECATOR = Path(__file__).parents[2] / "templates" / "data" / "tecator.csv"
FATTEST = 40
STEPS: Mapping[str, Callable[[], list[Any]]] = {
    "SNV → slope": lambda: [StandardNormalVariate(), SavitzkyGolay(11, 2, deriv=1)],
    "as measured": list,
    "MSC": lambda: [MultiplicativeScatterCorrection()],
    "slope": lambda: [SavitzkyGolay(11, 2, deriv=1)],
}
"""What comes before the models."""
MAIN = ("SNV → slope", "as measured")
MOVED = 2.0
"""Standard errors of prediction by which a disturbance must move a prediction to count."""

Matrix = NDArray[np.float64]
Disturb = Callable[[Matrix, np.random.Generator], Matrix]


@dataclass(frozen=True, eq=False)
class Data:
    """Absorbance spectra on a grid of `step` nm, one property, and how many latent variables suit it."""

    name: str
    X: Matrix
    y: Matrix
    step: float
    latent: int


def data(given: str | None) -> Iterator[Data]:
    table = np.loadtxt(TECATOR, delimiter=",", skiprows=1, usecols=range(1, 104))
    yield Data("Tecator, fat", np.ascontiguousarray(table[:, 3:]), table[:, 1], 2.02, 12)
    if given is not None:
        held = np.load(given, allow_pickle=False)
        y = np.asarray(held["Y"], dtype=np.float64)
        y = y if y.ndim == 1 else y[:, 1]
        known = np.isfinite(y)
        yield Data(Path(given).stem, np.ascontiguousarray(held["X"][known], dtype=np.float64), y[known], 2.0, 15)


def others(given: str | None) -> Iterator[tuple[str, Data]]:
    """Steps and data of models that have no table of their own."""
    tecator, *soils = data(given)
    table = np.loadtxt(TECATOR, delimiter=",", skiprows=1, usecols=(1, 3))
    for steps in STEPS:
        if steps not in MAIN:
            yield steps, tecator
        for name, y in zip(("water", "protein"), table.T, strict=True):
            yield steps, Data(f"Tecator, {name}", tecator.X, y, tecator.step, tecator.latent)
    made_up, y = spectra(300)
    for steps in MAIN:
        if given is not None and soils:
            held = np.load(given, allow_pickle=False)
            for column in range(0, held["Y"].shape[1], 2):
                known = np.isfinite(held["Y"][:, column])
                X, reference = np.ascontiguousarray(held["X"][known], dtype=np.float64), held["Y"][known, column]
                yield steps, Data(f"{soils[0].name}, {column + 1}", X, reference, 2.0, soils[0].latent)
        yield steps, Data("made up", made_up, y, 1.0, 10)


def chain_of(steps: str, latent: int) -> Any:
    return make_pipeline(*STEPS[steps](), PLSRegression(latent))


def bundle_of(steps: str, set_: Data, rows: NDArray[np.intp], folder: Path) -> Any:
    """A bundle as a user makes it: five folds, their spectra as calibration, what each fold left out as validation."""
    X, y = set_.X[rows], set_.y[rows]
    folds, left_out = [], np.empty(len(rows))
    for fit, out in KFold(5, shuffle=True, random_state=0).split(X):
        folds.append(chain_of(steps, set_.latent).fit(X[fit], y[fit]))
        left_out[out] = folds[-1].predict(X[out]).ravel()
    chain = from_sklearn(folds)
    return load(export(chain, folder / "model", calibration=Calibration(X, y), validation=Validation(y, left_out)))


# ---- What may happen to a spectrum -------------------------------------------------------------------------------


def shifted(set_: Data, by: float) -> Disturb:
    """Another wavelength calibration: what belongs to each point is found `by` nm further on."""
    grid = np.arange(set_.X.shape[1]) * set_.step
    return lambda X, rng: CubicSpline(grid, X, axis=1)(grid + by)


def stretched(set_: Data, by: float) -> Disturb:
    """A grid that is right in the middle and `by` nm off at its ends, on either side outwards."""
    grid = np.arange(set_.X.shape[1]) * set_.step
    found = grid + by * np.linspace(-1.0, 1.0, len(grid))
    return lambda X, rng: CubicSpline(grid, X, axis=1)(found)


def noisy(X: Matrix, rng: np.random.Generator) -> Matrix:
    """Noise of 0.2 % of the span of each spectrum: an old lamp."""
    more: Matrix = X + 0.002 * np.ptp(X, axis=1, keepdims=True) * rng.normal(size=X.shape)
    return more


def banded(X: Matrix, rng: np.random.Generator) -> Matrix:
    """One band more, each time elsewhere, of 3 % of the span: something is in the sample that was in none."""
    grid, centre = np.linspace(0.0, 1.0, X.shape[1]), rng.uniform(0.1, 0.9, size=(len(X), 1))
    more: Matrix = X + 0.03 * np.ptp(X, axis=1, keepdims=True) * np.exp(-(((grid - centre) / 0.03) ** 2))
    return more


def dead(X: Matrix, rng: np.random.Generator) -> Matrix:
    """One point, each time another, reads nothing."""
    X = X.copy()
    X[np.arange(len(X)), rng.integers(X.shape[1], size=len(X))] = 0.0
    return X


def made_up(points: int) -> Disturb:
    """A product of eight broad bands that nobody measured."""

    def disturb(X: Matrix, rng: np.random.Generator) -> Matrix:
        grid, centres = np.linspace(0.0, 1.0, points), np.linspace(0.05, 0.95, 8)[:, None]
        return as_wide(rng.uniform(0.2, 1.0, size=(len(X), 8)) @ np.exp(-(((grid - centres) / 0.08) ** 2)), X)

    return disturb


def other(set_: Data, points: int) -> Disturb:
    """The spectra of another set, spread over the points of the model."""
    there, here = np.linspace(0.0, 1.0, set_.X.shape[1]), np.linspace(0.0, 1.0, points)

    def disturb(X: Matrix, rng: np.random.Generator) -> Matrix:
        some = set_.X[rng.integers(len(set_.X), size=len(X))]
        return as_wide(np.array([np.interp(here, there, row) for row in some]), X)

    return disturb


def as_wide(X: Matrix, like: Matrix) -> Matrix:
    """Spectra at the height and of the span of others, so that their shape alone tells them apart."""
    low, span = (f(like, axis=1, keepdims=True) for f in (np.min, np.ptp))
    made: Matrix = low + span * (X - X.min(axis=1, keepdims=True)) / np.ptp(X, axis=1, keepdims=True)
    return made


def disturbances(set_: Data, sets: Sequence[Data]) -> dict[str, Disturb]:
    points = set_.X.shape[1]
    return {
        "shift by +2 nm": shifted(set_, 2.0),
        "shift by −2 nm": shifted(set_, -2.0),
        "stretched by 2 nm": stretched(set_, 2.0),
        "stretched by −2 nm": stretched(set_, -2.0),
        "noise of 0.2 %": noisy,
        "a band more": banded,
        "gain × 1.1": lambda X, rng: X * 1.1,
        "reflectance": lambda X, rng: 10.0**-X,
        "percent of reflectance": lambda X, rng: 100.0 * 10.0**-X,
        "a dead point": dead,
        "another product, made up": made_up(points),
        **{f"another product, {one.name}": other(one, points) for one in sets if one is not set_},
    }


# ---- What is said of it ------------------------------------------------------------------------------------------

CHECKS = {
    "T²": ("t2_warning", "t2_error"),
    "Q": ("q_warning", "q_error"),
    "range": ("below_range", "above_range"),
    "points": ("dead_point", "points_outside", "constant_stretch", "constant_row"),
    "height, span": ("offset_outside", "scale_outside"),
    "signal": ("looks_like_reflectance", "looks_like_percent", "looks_like_absorbance"),
}
"""Kinds of codes, as columns of the table."""


@dataclass
class Tally:
    """What was said of spectra of one kind, over all splits."""

    seen: int = 0
    count: int = 0
    """Of which the prediction moved far enough to count."""
    astray: int = 0
    """Of these, whose prediction is as far from the reference too: some disturbances set right what was wrong."""
    astray_flagged: int = 0
    levels: Counter[str] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)
    samples: set[int] = field(default_factory=set)

    def add(
        self, result: Any, rows: NDArray[np.intp], astray: NDArray[np.bool_], counts: NDArray[np.bool_] | None = None
    ) -> None:
        """Take what was said of samples `rows`; only those count that are said to, else all."""
        counted = np.ones(len(rows), dtype=bool) if counts is None else counts
        self.seen += len(rows)
        self.count += int(counted.sum())
        for number in np.flatnonzero(counted).tolist():
            codes = result.flags[number]
            self.samples.add(int(rows[number]))
            self.levels["flagged"] += bool(codes)
            self.astray += bool(astray[number])
            self.astray_flagged += bool(codes) and bool(astray[number])
            self.levels["error"] += any(code in ERRORS for code in codes)
            for check, own in CHECKS.items():
                self.checks[check] += any(code in own for code in codes)

    def share(self, count: int) -> str:
        return f"{100.0 * count / self.count:.1f}"

    def between(self, count: int) -> str:
        """The 95 % interval of a share (Clopper and Pearson), as if each sample had been looked at once."""
        n = len(self.samples)
        k = count / self.count * n
        low = beta.ppf(0.025, k, n - k + 1) if k > 0 else 0.0
        high = beta.ppf(0.975, k + 1, n - k) if k < n else 1.0
        return f"{100.0 * low:.1f} to {100.0 * high:.1f}"


@dataclass
class Found:
    """What was said in all splits; of each, which part of the references was in the interval, and SEP."""

    tallies: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    covered: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)


def judged(steps: str, set_: Data, sets: Sequence[Data], splits: int) -> Found:
    found = Found()
    fattest = np.argsort(set_.y)[-FATTEST:]
    rest = np.setdiff1d(np.arange(len(set_.y)), fattest)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for split in range(splits):
            rng = np.random.default_rng(split)
            order = rng.permutation(len(set_.y))
            out, rows = np.split(order, [len(order) // 3])
            look(found, bundle_of(steps, set_, np.sort(rows), folder), set_, out, disturbances(set_, sets), rng)
            kept = np.sort(rng.permutation(rest)[len(rest) // 3 :])
            high = bundle_of(steps, set_, kept, folder).predict_full(set_.X[fattest])
            astray = np.abs(high.values - set_.y[fattest]) > MOVED * found.errors[-1]
            found.tallies[f"the {FATTEST} highest, left out"].add(high, fattest, astray)
    return found


def look(
    found: Found,
    bundle: Any,
    set_: Data,
    out: NDArray[np.intp],
    ways: Mapping[str, Disturb],
    rng: np.random.Generator,
) -> None:
    """Samples that were left out, as they are and disturbed in all ways."""
    X, y = set_.X[out], set_.y[out]
    plain = bundle.predict_full(X)
    found.covered.append(float(((plain.lower <= y) & (y <= plain.upper)).mean()))
    sep = float(np.std(plain.values - y, ddof=1))
    found.errors.append(sep)
    found.tallies["ordinary"].add(plain, out, np.abs(plain.values - y) > MOVED * sep)
    for name, disturb in ways.items():
        given = bundle.predict_full(disturb(X, rng))
        moved, astray = (np.abs(given.values - there) > MOVED * sep for there in (plain.values, y))
        found.tallies[name].add(given, out, astray, moved)


def told(title: str, found: Found) -> None:
    print(f"\n**{title}**\n")
    print(f"| | spectra | moved | flagged, % | error, % | astray | flagged, % | {' | '.join(CHECKS)} |")
    print(f"|---|---|---|---|---|---|---|{'---|' * len(CHECKS)}")
    for name, tally in found.tallies.items():
        if not tally.count:
            print(f"| {name} | {tally.seen} | 0 | |{' |' * (3 + len(CHECKS))}")
            continue
        levels = [tally.share(tally.levels[level]) for level in ("flagged", "error")]
        astray = [str(tally.astray), f"{100.0 * tally.astray_flagged / tally.astray:.1f}" if tally.astray else ""]
        checks = [tally.share(tally.checks[check]) if tally.checks[check] else "" for check in CHECKS]
        print("| " + " | ".join(map(str, (name, tally.seen, tally.count, *levels, *astray, *checks))) + " |")
    ordinary = found.tallies["ordinary"]
    flagged, errors = (ordinary.levels[level] for level in ("flagged", "error"))
    low, high = 100.0 * min(found.covered), 100.0 * max(found.covered)
    print(
        f"\nOf ordinary samples {ordinary.share(flagged)} % are flagged ({ordinary.between(flagged)}), "
        f"{ordinary.share(errors)} % as errors ({ordinary.between(errors)}). The interval of 95 % held "
        f"{100.0 * np.mean(found.covered):.1f} % of their references, {low:.0f} to {high:.0f} by the split. "
        f"SEP {np.mean(found.errors):.2f}."
    )


BRIEF = ("shift by +2 nm", "shift by −2 nm", "stretched by 2 nm", "stretched by −2 nm", "noise of 0.2 %", "a band more")


def told_in_brief(title: str, found: Found) -> None:
    """One line: what is flagged of ordinary samples, of those a disturbance moved, and of those it led astray."""
    ordinary = found.tallies["ordinary"]
    cells = [title, *(ordinary.share(ordinary.levels[level]) for level in ("flagged", "error"))]
    for name in BRIEF:
        tally = found.tallies[name]
        flagged = tally.share(tally.levels["flagged"]) if tally.count else ""
        astray = f", {100.0 * tally.astray_flagged / tally.astray:.1f}" if tally.astray else ""
        cells.append(f"{flagged}{astray} ({tally.count})" if tally.count else "")
    print("| " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("spectra", nargs="?", metavar="SPECTRA.npz")
    parser.add_argument("--splits", type=int, default=50, metavar="N")
    parser.add_argument("--others", action="store_true")
    given = parser.parse_args()
    if given.others:
        print(f"| | flagged, % | error, % | {' | '.join(BRIEF)} |\n|---|---|---|{'---|' * len(BRIEF)}")
        for steps, set_ in others(given.spectra):
            title = f"{set_.name}: {steps} → PLS({set_.latent})"
            told_in_brief(title, judged(steps, set_, [], given.splits))
        return
    sets = list(data(given.spectra))
    for steps in MAIN:
        for set_ in sets:
            told(f"{set_.name}: {steps} → PLS({set_.latent})", judged(steps, set_, sets, given.splits))


if __name__ == "__main__":
    main()
