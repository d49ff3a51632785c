"""What is in a bundle file: its manifest, its plans, and its artifacts, each proven when it is read."""

from __future__ import annotations

import hashlib
from itertools import islice
from typing import Any

import numpy as np

from . import answers, coherence, format, limits
from .answers import Golden
from .archive import Archive
from .artifacts import Artifacts
from .ends import Axis, Classes, Source, Target
from .errors import BundleError
from .runtime.errors import PlanError
from .runtime.limits import Limits

__all__ = ["Contents"]


class Contents:
    """An open bundle file whose structure, checksums and manifest are as format 1 says.

    Raises BundleError with all that is wrong. Nothing in the file was run or unpickled.
    """

    def __init__(self, path: str) -> None:
        self.archive = Archive(path)
        _refuse(self.archive.damage())
        self._sizes = {member.name: member.size for member in self.archive.members}
        data = self._document(format.MANIFEST)
        self.digest = hashlib.sha256(data).hexdigest()
        self.manifest, problems = format.parse(data)
        _refuse(problems)
        # Plans read arrays when they are first used, from these: would they ask us, we and they would hold each other,
        # and a bundle that nobody needs would keep its memory until the next collection of garbage.
        artifacts = Artifacts(self.archive, self.manifest["artifacts"])
        self.array, self.artifact = artifacts.array, artifacts.read
        self.plans, problems = format.restore(self.manifest, self.array)
        _refuse(problems)
        _refuse(list(islice(coherence.check(self.manifest, self.plans, self._sizes), format.SHOWN)))

    @property
    def targets(self) -> tuple[Target, ...]:
        """What is predicted."""
        return tuple(Target(target["name"], target["unit"]) for target in self.manifest["targets"])

    def axis(self) -> Axis | None:
        """The model's axis, where it is known."""
        return self._axis(self.manifest.get("axis"), self.manifest["n_features"])

    def sources(self) -> tuple[Source, ...]:
        """The blocks that a spectrum is made of, where there are several."""
        return tuple(
            Source(
                source["name"],
                source["width"],
                self._axis(source.get("axis"), source["width"]),
                source.get("signal"),
            )
            for source in self.manifest.get("sources", ())
        )

    @property
    def signal(self) -> str | None:
        """What the values of spectra are, where it is known."""
        signal: str | None = self.manifest.get("signal")
        return signal

    def classes(self) -> Classes | None:
        """What a classifier tells apart."""
        said = self.manifest.get("classes")
        return None if said is None else Classes.restored(said)

    def limits(self) -> Limits | None:
        """What is usual in the calibration, where the bundle knows it."""
        said = self.manifest.get("limits")
        if said is None:
            return None
        try:
            return limits.restored(said, lambda sha256: self.array(sha256, "<f8", (self.manifest["n_features"],)))
        except ValueError as error:
            raise BundleError(f"{format.MANIFEST} {error}") from None

    def _axis(self, entry: dict[str, Any] | None, width: int) -> Axis | None:
        if entry is None:
            return None
        values = self.array(entry["array"], "<f8", (width,))
        if not np.isfinite(values).all():
            raise BundleError(f"axis: array {entry['array']} holds values that are not finite")
        return Axis(values, entry["unit"])

    def golden(self) -> Golden:
        """The golden rows and their expected answers."""
        entry = self.manifest["golden"]
        rows = self.array(entry["rows"], "<f8", (entry["count"], self.manifest["n_features"]))
        data = self._document(format.GOLDEN)
        if hashlib.sha256(data).hexdigest() != entry["sha256"]:
            raise BundleError(f"member {format.GOLDEN}: it is not the one of which the manifest holds the sha256")
        try:
            plan = self.plans["compiled"]
            columns = max(place.stop for place in plan.columns.values())
            found = answers.restore(data, rows, entry["origin"], columns)
        except ValueError as error:
            raise BundleError(f"{format.GOLDEN}: {error}") from None
        if found.difference.hex() != self.manifest["difference"]:
            raise BundleError(
                f"{format.GOLDEN}: its answers differ by {found.difference.hex()}, "
                f"the manifest says {self.manifest['difference']}"
            )
        return found

    def altered(self) -> list[str]:
        """One complaint for each artifact that is not what its name says; reads all of them."""
        problems: list[str] = []
        for sha256 in self.manifest["artifacts"]:
            try:
                self.artifact(sha256)
            except BundleError as error:
                problems += error.problems
        for kind, plan in self.plans.items():
            try:
                plan.check_values()
            except PlanError as error:
                problems.append(f"{format.MANIFEST} plans.{kind}: {error}")
            except BundleError as error:
                problems += [problem for problem in error.problems if problem not in problems]
        return problems

    def _document(self, name: str) -> bytes:
        size = self._sizes.get(name)
        if size is None:
            raise BundleError(f"member {name} is missing: this is no bundle")
        if size > format.LARGEST:
            raise BundleError(f"member {name}: {size} bytes, expected at most {format.LARGEST}")
        return self.archive.read(name)


def _refuse(problems: list[str]) -> None:
    if problems:
        raise BundleError("; ".join(problems), tuple(problems))
