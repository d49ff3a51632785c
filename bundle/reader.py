"""Open a bundle: `load` gives what may be used and raises what `verify` lists."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import answers, limits, opaque
from .answers import Golden
from .contents import Contents
from .engines import check_engine, engine_of, seen_by_all
from .errors import BundleError, InputError
from .facts import facts
from .plots import draw_diagnostics, draw_spectra
from .predictor import Predictor
from .profiles import check_profile, fast_bound
from .runtime.errors import PlanError
from .runtime.plan import Plan
from .runtime.replay import Opaque, Replay
from .runtime.result import Result
from .runtime.spread import useful_threads
from .settings import Settings, settings_beside, understood

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Bundle", "Report", "load", "verify"]


class Bundle:
    """A model from a file, ready to predict. Made by `load`. Safe to use from several threads."""

    def __init__(
        self, path: str, contents: Contents, golden: Golden, predictor: Predictor, engine: str = "numpy"
    ) -> None:
        self.path = path
        """The file it was loaded from."""
        self.digest = contents.digest
        """Sha256 of its manifest, which names the sha256 of all the rest."""
        self.manifest: Mapping[str, Any] = MappingProxyType(contents.manifest)
        """The manifest as it stands in the file, see FORMAT.md."""
        self.profile: str = predictor.profile
        """`exact`: the same bits on every host; `opaque`: a pickled step takes part; `fast`: as it was asked for."""
        self.engine = engine
        """Who walks its forests: `numpy`, or `onnxruntime` as it was asked for; the answers are the same."""
        self.bound = predictor.bound
        """How far the `fast` profile is from the exact one on the golden rows, in the targets' units; else None."""
        self.n_features: int = contents.manifest["n_features"]
        """Points of a spectrum."""
        self.missing_values = predictor.missing_values
        """Whether values of a spectrum may be missing (NaN): the model does with them what it was trained to do."""
        self.axis = predictor.axis
        """The positions of these points, None when the model does not know them."""
        self.sources = predictor.sources
        """The blocks that a spectrum is made of, empty when it is one."""
        self.signal = predictor.signal
        """What the values of spectra are, `absorbance` say; None when it does not know. Sources may say theirs."""
        self.targets = predictor.targets
        """What is predicted: names and units."""
        self.classes = predictor.classes
        """What a classifier tells apart, in order; None for a regression."""
        self.limits = predictor.limits
        """What is usual in the calibration: limits of T² and Q, ranges, the interval, how spectra look; empty where the
        bundle was written without."""
        self.settings = predictor.settings
        """The deployment settings that are applied, None where there are none."""
        self.golden = golden
        """The golden rows, and what both plans answer for them."""
        self._contents = contents
        self._predictor = predictor

    def predict(
        self,
        X: Any,
        wavelengths: Any = None,
        *,
        unit: str | None = None,
        strict: bool = False,
        signal: Any = None,
        instrument: str | None = None,
        product: str | None = None,
    ) -> NDArray[Any]:
        """Predictions of n spectra (n, p) in the targets' units: shape (n,) for one target, (n, t) for several; of a
        classifier (n,) labels in the type that they had in training.

        With `wavelengths` (m,) spectra may have other points: (n, m) are put in order, selected, converted and
        interpolated as FORMAT.md §12 says, never extrapolated. They are in `unit` (nm, um or cm-1) or else in the
        model's, unless they can only be in another. `signal` declares what the values are (absorbance, reflectance,
        transmittance, percent reflectance, percent transmittance): they are converted to what the model declares as §13
        says, and taken as they are where none is given. `strict` takes the model's own axis and signal alone. A model
        of several sources also takes a list of their spectra, one array each, and likewise of wavelengths and signals.
        Where there are `settings` they are applied, those for this `instrument` and `product` (SETTINGS.md).
        Raises InputError naming every row that cannot be predicted, AxisError or SignalError where nothing leads to the
        model's axis or signal.
        """
        return self._predictor.predict(
            X, wavelengths, unit=unit, strict=strict, signal=signal, instrument=instrument, product=product
        )

    def predict_proba(
        self, X: Any, wavelengths: Any = None, *, unit: str | None = None, strict: bool = False, signal: Any = None
    ) -> NDArray[np.float64]:
        """The probability of each of c classes for n spectra: (n, c), in the order of `classes`.

        Raises InputError also when the model tells none: a regression, or a classifier that only votes.
        """
        return self._predictor.predict_proba(X, wavelengths, unit=unit, strict=strict, signal=signal)

    def predict_full(
        self,
        X: Any,
        wavelengths: Any = None,
        *,
        unit: str | None = None,
        strict: bool = False,
        signal: Any = None,
        instrument: str | None = None,
        product: str | None = None,
        on_error: str = "raise",
        spread: bool = True,
    ) -> Result:
        """As `predict`, with how far each prediction may be trusted and how it was made: the same values.

        With `on_error="row"` a spectrum that cannot be predicted takes no other with it: its values are NaN, of a
        classifier None, and `reasons` of the result say why. What is wrong with all of them is raised still. Without
        `spread` that of the folds is not told, nor computed; no flag depends on it.
        """
        how: dict[str, Any] = {"unit": unit, "strict": strict, "signal": signal}
        how |= {"instrument": instrument, "product": product, "on_error": on_error, "spread": spread}
        return self._predictor.predict_full(X, wavelengths, **how)

    def contributions(
        self, X: Any, wavelengths: Any = None, *, unit: str | None = None, strict: bool = False, signal: Any = None
    ) -> NDArray[np.float64]:
        """What each point of n spectra has that no spectrum of the calibration has: (n, w), the residual of which Q is
        the sum of squares, at the points that the model's preprocessing leaves. Where that is as many as a spectrum
        has, they are at the positions of `axis`.

        Raises InputError also when the bundle was written without calibration spectra.
        """
        return self._predictor.contributions(X, wavelengths, unit=unit, strict=strict, signal=signal)

    def plot_spectra(
        self,
        X: Any,
        wavelengths: Any = None,
        *,
        unit: str | None = None,
        strict: bool = False,
        samples: Sequence[Any] | None = None,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw n spectra, as given but at the model's points, over what those of the calibration look like.

        Colour and line tell each spectrum's status as `predict_full` does; points far from all of the calibration are
        marked, and the worst spectra named by `samples` (n names, by default their numbers from 1). What the bundle
        does not know is said in words. It is drawn on `ax`, or on a figure of its own, which pyplot does not show:
        `bundle.plot_spectra(X).figure.savefig("spectra.png")`.

        Raises MissingPackage, an ImportError, without matplotlib (the extra n4akit[plot]), and what `predict` does;
        InputError also for more or fewer names than spectra.
        """
        return draw_spectra(self._predictor, X, wavelengths, unit=unit, strict=strict, samples=samples, ax=ax)

    def plot_diagnostics(
        self,
        X: Any,
        wavelengths: Any = None,
        *,
        unit: str | None = None,
        strict: bool = False,
        samples: Sequence[Any] | None = None,
        sample: Any = None,
        figure: Figure | None = None,
    ) -> Figure:
        """Draw how far n spectra and their predictions may be trusted: T² against Q with their limits; what is
        predicted, in the targets' units with its interval over the range of the references, or the class; and how much
        each point contributes to the Q of one spectrum, in percent with the sign of its residual.

        That is the spectrum of `sample`, one of `samples`, or else the one with the largest Q. Names, words in place of
        what is not known, and what is raised are as of `plot_spectra`; InputError also where no spectrum is of
        `sample`. It is drawn on an empty `figure`, or on one of its own.
        """
        return draw_diagnostics(
            self._predictor, X, wavelengths, unit=unit, strict=strict, samples=samples, sample=sample, figure=figure
        )

    def plan(self, kind: str = "compiled") -> Plan:
        """The `compiled` plan, which predicts, or the `faithful` one, which follows the chain step by step and fold by
        fold. Arrays are read when they are first used.
        """
        if kind not in self._contents.plans:
            raise ValueError(f"plan {kind!r}: a bundle holds {' and '.join(map(repr, self._contents.plans))}")
        return self._contents.plans[kind]

    def info(self) -> dict[str, Any]:
        """What there is to know about the model, in plain JSON values."""
        said = facts(self.manifest, self.digest, self.axis)
        here: dict[str, Any] = {
            "limits": limits.plain(self.limits),
            "profile": self.profile,
            "bound": self.bound,
            "engine": self.engine,
        }
        return {"path": self.path, "bytes": self._contents.archive.size, **said, **here}

    def __repr__(self) -> str:
        names = ", ".join(target.name for target in self.targets)
        name = os.path.basename(self.path)
        return f"<Bundle {name}: {names} from {self.n_features} points, {self.profile}, {self.digest[:12]}>"


@dataclass(frozen=True)
class Report:
    """What `verify` found."""

    path: str
    digest: str | None
    """The bundle's digest, None when it has no readable manifest."""
    checked: tuple[str, ...]
    """What was checked and found good, in order."""
    problems: tuple[str, ...]
    """All that is wrong; empty when the bundle is sound."""


def load(
    path: str | os.PathLike[str],
    *,
    allow_opaque: bool | Collection[str] = False,
    profile: str = "exact",
    threads: int | None = None,
    engine: str = "numpy",
    settings: bool | str | os.PathLike[str] = True,
) -> Bundle:
    """The model in a bundle file, after its golden rows gave the recorded answers here.

    `allow_opaque` lets pickled steps be unpickled, which runs code from the file: only for files whose maker you trust;
    a collection of digests lets those of just these bundles.
    `profile="fast"` predicts with the machine's own linear algebra and functions, within the `bound` that the bundle
    then tells. Up to `threads` threads, by default one for each usable core, share the rows of a large batch; no bit of
    the exact profile depends on it. `engine="onnxruntime"` (the extra n4akit[onnx]) lets that library find the leaves
    of trees for dozens of spectra at once; what they say is added as ever, and no bit of any profile depends on it.
    `settings` (bias, slope, limits of instruments and products, see SETTINGS.md) are those in the file beside the
    bundle, where there is one; False leaves them out, a path takes another file.

    Raises BundleError, listing all that is wrong, when the file is no intact bundle of a format known here, does not
    reproduce its golden rows, holds pickled steps that were not asked for, has no trees for the engine, or strays too
    far in the `fast` profile; BadSettings when the settings are not for this bundle, or not as they should be;
    ValueError for another profile or engine or fewer threads than one; MissingPackage, an ImportError, when the engine
    is not installed.
    """
    check_profile(profile, threads)
    check_engine(engine)
    inspection = _Inspection(os.fspath(path), allow_opaque, profile, threads or useful_threads(), engine, settings)
    inspection.run(thorough=False)
    if inspection.bundle is None or inspection.problems:
        raise BundleError(f"{path}: " + "; ".join(inspection.problems), tuple(inspection.problems))
    return inspection.bundle


def verify(path: str | os.PathLike[str], *, allow_opaque: bool = False) -> Report:
    """All that can be checked about a bundle file: what `load` does, every artifact's sha256, and both plans."""
    inspection = _Inspection(os.fspath(path), allow_opaque)
    inspection.run(thorough=True)
    return Report(inspection.path, inspection.digest, tuple(inspection.checked), tuple(inspection.problems))


class _Inspection:
    """The checks in order, each only when those before it found nothing wrong."""

    def __init__(
        self,
        path: str,
        allow_opaque: bool | Collection[str],
        profile: str = "exact",
        threads: int = 1,
        engine: str = "numpy",
        settings: bool | str | os.PathLike[str] = False,
    ) -> None:
        self.path = path
        self.allow_opaque = allow_opaque
        self.profile = profile
        self.threads = threads
        self.engine = engine
        self.settings = settings
        self.bundle: Bundle | None = None
        self.digest: str | None = None
        self.checked: list[str] = []
        self.problems: list[str] = []

    def run(self, *, thorough: bool) -> None:
        try:
            contents = Contents(self.path)
            self.digest = contents.digest
            self.checked.append(f"structure, checksums and manifest of {contents.archive.size} bytes")
            if thorough:
                self._find(contents.altered(), f"sha256 of {len(contents.manifest['artifacts'])} artifacts")
            if not self.problems:
                self._replay(contents, thorough)
        except BundleError as error:
            self.problems += error.problems

    def _replay(self, contents: Contents, thorough: bool) -> None:
        functions = _functions(contents, self.allow_opaque)
        rows = contents.golden()
        predicting = partial(
            Predictor,
            contents.plans["compiled"],
            axis=contents.axis(),
            targets=contents.targets,
            classes=contents.classes(),
            limits=contents.limits(),
            settings=settings_of(self.path, contents, self.settings),
            sources=contents.sources(),
            signal=contents.signal,
            digest=contents.digest,
            opaque=functions,
            threads=self.threads,
        )
        try:
            predictor = predicting()
            replays = {"compiled": predictor.replay}
            if thorough:
                faithful = contents.plans["faithful"]
                replays["faithful"] = Replay(faithful, faithful.answers, functions)
        except PlanError as error:
            raise BundleError(str(error)) from None
        exactly = "to the last bit" if predictor.profile == "exact" else f"within {answers.TOLERANCE:.0e}"
        for kind, replay in replays.items():
            problems = _replayed(replay, kind, rows, predictor.profile)
            self._find(problems, f"{len(rows.rows)} golden rows, {kind} plan, {exactly}")
        if not self.problems and (self.profile, self.engine) != ("exact", "numpy"):
            predictor = self._as_asked(predicting, rows)
        if not self.problems:
            self.bundle = Bundle(self.path, contents, rows, predictor, self.engine)

    def _as_asked(self, predicting: Callable[..., Predictor], rows: Golden) -> Predictor:
        """What predicts in another profile or by another engine, once its golden answers were looked at too."""
        try:
            predictor = predicting(profile=self.profile, engine=engine_of(self.engine, self.threads))
        except PlanError as error:
            raise BundleError(str(error)) from None
        if self.profile == "exact":
            problems = _replayed(predictor.replay, "compiled", seen_by_all(rows), predictor.profile)
            self._find(problems, f"golden rows, by {self.engine}")
        elif predictor.profile == "opaque":
            raise BundleError("profile 'fast': a pickled step takes part, which no profile makes faster; ask for none")
        else:
            predictor.bound = fast_bound(predictor.replay, rows)
        return predictor

    def _find(self, problems: list[str], what: str) -> None:
        self.problems += problems
        if not problems:
            self.checked.append(what)


def settings_of(model: str, contents: Contents, asked: bool | str | os.PathLike[str]) -> Settings | None:
    """The settings beside a bundle, those of another file, or none, as asked. Raises BadSettings, OSError."""
    targets = [] if contents.classes() is not None else [target.name for target in contents.targets]
    if isinstance(asked, bool):
        return settings_beside(model, contents.digest, targets) if asked else None
    path = Path(asked)
    return understood(path.read_bytes(), path, contents.digest, targets)


def _functions(contents: Contents, allowed: bool | Collection[str]) -> Opaque:
    entries = [entry for entry in contents.manifest["artifacts"].values() if entry["role"] == "opaque"]
    if entries and not (allowed if isinstance(allowed, bool) else contents.digest in allowed):
        classes = ", ".join(sorted({entry["class"] for entry in entries}))
        raise BundleError(
            f"holds pickled steps ({classes}), and pickles run code when they are loaded; "
            "if you trust who made the file, load it with allow_opaque=True"
        )
    return opaque.restore({entry["sha256"]: contents.artifact(entry["sha256"]) for entry in entries})


def _replayed(replay: Replay, kind: str, rows: Golden, profile: str) -> list[str]:
    expected: NDArray[np.float64] = getattr(rows, kind)
    try:
        found = answers.columns(replay.answers(rows.rows))
    except (InputError, PlanError) as error:
        return [f"golden rows, {kind} plan: {error}"]
    return list(answers.differences(kind, found, expected, profile))
