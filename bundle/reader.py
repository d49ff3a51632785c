"""Open a bundle: `load` gives what may be used and raises what `verify` lists."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import canonical, golden, opaque
from .contents import Contents
from .errors import BundleError, InputError
from .golden import Golden
from .predictor import Predictor
from .runtime.errors import PlanError
from .runtime.plan import Plan
from .runtime.replay import Opaque, Replay
from .runtime.result import Result

__all__ = ["Bundle", "Report", "load", "verify"]


class Bundle:
    """A model from a file, ready to predict. Made by `load`. Safe to use from several threads."""

    def __init__(self, path: Path, contents: Contents, golden: Golden, functions: Opaque) -> None:
        self.path = path
        """The file it was loaded from."""
        self.digest = contents.digest
        """Sha256 of its manifest, which names the sha256 of all the rest."""
        self.manifest: Mapping[str, Any] = MappingProxyType(contents.manifest)
        """The manifest as it stands in the file, see FORMAT.md."""
        self.profile: str = contents.manifest["profile"]
        """`exact`: the same bits on every host; `opaque`: a pickled step takes part."""
        self.n_features: int = contents.manifest["n_features"]
        """Points of a spectrum."""
        self.axis = contents.axis()
        self.targets = contents.targets
        self.golden = golden
        self._contents = contents
        self._predictor = Predictor(
            contents.plans["compiled"], axis=self.axis, targets=self.targets, digest=self.digest, opaque=functions
        )
        self.predict = self._predictor.predict
        """Predictions of spectra, see `Predictor.predict`."""

    def predict_full(self, X: Any, wavelengths: Any = None, *, unit: str | None = None, strict: bool = False) -> Result:
        """Predictions of spectra and how they were made, see `Predictor.predict_full`."""
        return self._predictor.predict_full(X, wavelengths, unit=unit, strict=strict)

    def plan(self, kind: str = "compiled") -> Plan:
        """The `compiled` plan, which predicts, or the `faithful` one, which follows the chain step by step and fold by
        fold. Arrays are read when they are first used.
        """
        if kind not in self._contents.plans:
            raise ValueError(f"plan {kind!r}: a bundle holds {' and '.join(map(repr, self._contents.plans))}")
        return self._contents.plans[kind]

    def info(self) -> dict[str, Any]:
        """What there is to know about the model, in plain JSON values."""
        manifest = self._contents.manifest
        axis = self.axis
        return {
            "path": str(self.path),
            "digest": self.digest,
            "format": f"{manifest['format']} {manifest['version']}",
            "bytes": self._contents.archive.size,
            "profile": self.profile,
            "task": manifest["task"],
            "n_features": self.n_features,
            "axis": None
            if axis is None
            else {"first": float(axis.values[0]), "last": float(axis.values[-1]), "unit": axis.unit},
            "targets": manifest["targets"],
            "steps": [{**step, "params": canonical.plain(step["params"])} for step in manifest["chain"]["steps"]],
            "folds": manifest["chain"]["folds"],
            "instructions": {kind: len(plan.body) for kind, plan in self._contents.plans.items()},
            "golden": {"rows": len(self.golden.rows), "origin": self.golden.origin},
            "difference": self.golden.difference,
            "provenance": canonical.plain(manifest["provenance"]),
            "environment": manifest["environment"],
        }

    def __repr__(self) -> str:
        names = ", ".join(target.name for target in self.targets)
        return f"<Bundle {self.path.name}: {names} from {self.n_features} points, {self.profile}, {self.digest[:12]}>"


@dataclass(frozen=True)
class Report:
    """What `verify` found."""

    path: Path
    digest: str | None
    """The bundle's digest, None when it has no readable manifest."""
    checked: tuple[str, ...]
    """What was checked and found good, in order."""
    problems: tuple[str, ...]
    """All that is wrong; empty when the bundle is sound."""


def load(path: str | os.PathLike[str], *, allow_opaque: bool = False) -> Bundle:
    """The model in a bundle file, after its golden rows gave the recorded answers here.

    `allow_opaque` lets pickled steps be unpickled, which runs code from the file: only for files whose maker you trust.
    Raises BundleError, listing all that is wrong, when the file is no intact bundle of a format known here, does not
    reproduce its golden rows, or holds pickled steps that were not asked for.
    """
    inspection = _Inspection(Path(path), allow_opaque)
    inspection.run(thorough=False)
    if inspection.bundle is None or inspection.problems:
        raise BundleError(f"{path}: " + "; ".join(inspection.problems), tuple(inspection.problems))
    return inspection.bundle


def verify(path: str | os.PathLike[str], *, allow_opaque: bool = False) -> Report:
    """All that can be checked about a bundle file: what `load` does, every artifact's sha256, and both plans."""
    inspection = _Inspection(Path(path), allow_opaque)
    inspection.run(thorough=True)
    return Report(inspection.path, inspection.digest, tuple(inspection.checked), tuple(inspection.problems))


class _Inspection:
    """The checks in order, each only when those before it found nothing wrong."""

    def __init__(self, path: Path, allow_opaque: bool) -> None:
        self.path = path
        self.allow_opaque = allow_opaque
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
                self._replay(contents, ("compiled", "faithful") if thorough else ("compiled",))
        except BundleError as error:
            self.problems += error.problems

    def _replay(self, contents: Contents, kinds: tuple[str, ...]) -> None:
        functions = _functions(contents, self.allow_opaque)
        rows = contents.golden()
        profile = contents.manifest["profile"]
        for kind in kinds:
            problems = _replayed(contents.plans[kind], kind, rows, functions, profile)
            exactly = "to the last bit" if profile == "exact" else f"within {golden.TOLERANCE:.0e}"
            self._find(problems, f"{len(rows.rows)} golden rows, {kind} plan, {exactly}")
        if not self.problems:
            self.bundle = Bundle(self.path, contents, rows, functions)

    def _find(self, problems: list[str], what: str) -> None:
        self.problems += problems
        if not problems:
            self.checked.append(what)


def _functions(contents: Contents, allowed: bool) -> Opaque:
    entries = [entry for entry in contents.manifest["artifacts"].values() if entry["role"] == "opaque"]
    if entries and not allowed:
        classes = ", ".join(sorted({entry["class"] for entry in entries}))
        raise BundleError(
            f"holds pickled steps ({classes}), and pickles run code when they are loaded; "
            "if you trust who made the file, load it with allow_opaque=True"
        )
    return opaque.restore({entry["sha256"]: contents.artifact(entry["sha256"]) for entry in entries})


def _replayed(plan: Plan, kind: str, rows: Golden, functions: Opaque, profile: str) -> list[str]:
    expected: NDArray[np.float64] = getattr(rows, kind)
    try:
        found = Replay(plan, opaque=functions).predict(rows.rows)
    except (PlanError, InputError) as error:
        return [f"golden rows, {kind} plan: {error}"]
    return list(golden.differences(kind, found, expected, profile))
