"""Write a bundle: the same chain gives the same bytes, and what is put in place was read back and proven before."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from dataclasses import replace as replace_fields
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from . import answers, archive, canonical, format, golden, manifest, npy, opaque
from .answers import Golden
from .chain import Chain
from .compile import compile_plan
from .domain import Calibration, Validation, study
from .errors import BundleError, InputError, PlanError, WriteError
from .files import replace
from .lower import lower
from .operators import Opaque
from .reader import verify
from .runtime.limits import Limits
from .runtime.plan import Plan

__all__ = ["Draft", "draft", "place", "prepare", "write_bundle", "write_draft"]


@dataclass(frozen=True, eq=False)
class Draft:
    """A bundle in memory: what is to be written, in order."""

    contents: tuple[tuple[str, bytes], ...]
    """Name and content of each member."""
    digest: str
    """The digest the bundle will have: sha256 of its manifest."""
    compiled: Plan
    golden: Golden
    limits: Limits
    """What is usual in the calibration."""


def write_bundle(
    chain: Chain, path: str | os.PathLike[str], *, calibration: Any = None, validation: Validation | None = None
) -> Path:
    """Write a chain as a bundle at `path`, in one step: a reader finds the old file or the whole new one.

    `calibration` is a Calibration or spectra (n, p): golden rows are chosen from them and travel in the file, unless
    the Calibration says otherwise, and what is usual is learnt from them, and from `validation`. Raises WriteError when
    these do not fit the chain, when it has no finite answers for its golden rows or does not fit the format, or when
    the file fails its own proof.
    """
    return write_draft(prepare(chain, calibration, validation), Path(path))


def prepare(chain: Chain, calibration: Any = None, validation: Validation | None = None) -> Draft:
    """The bundle of a chain, in memory."""
    calibration = Calibration.of(calibration)
    try:
        found = study(chain, calibration, validation)
    except (InputError, PlanError) as error:
        raise WriteError(f"calibration: {error}; check the spectra given") from error
    chain = replace_fields(chain, domain=found.domain, limits=found.limits)
    faithful = lower(chain)
    carried = calibration.spectra if calibration is not None and calibration.carry else None
    return draft(chain, faithful, compile_plan(faithful), carried)


def draft(chain: Chain, faithful: Plan, compiled: Plan, calibration: Any = None) -> Draft:
    """The bundle of a chain and its two plans, in memory."""
    _check_axis(chain)
    artifacts = _Artifacts(chain)  # first: no pickle is loaded before its sha256 was seen to be right
    try:
        functions = opaque.restore(chain.opaque)
    except BundleError as error:
        raise WriteError(str(error)) from error
    rows = golden.make(chain, faithful, compiled, calibration, opaque=functions)
    golden_json = answers.document(rows)
    try:
        plans = {"faithful": faithful, "compiled": compiled}
        described = manifest.describe(chain, plans, rows, golden_json, artifacts.keep)
        data = canonical.encode({**described, "artifacts": artifacts.table})
    except ValueError as error:
        raise WriteError(f"the manifest: {error}") from error
    kept = sorted(artifacts.contents.items())
    contents = ((format.MANIFEST, data), *kept, (format.GOLDEN, golden_json))
    return Draft(contents, hashlib.sha256(data).hexdigest(), compiled, rows, chain.limits or Limits())


def _check_axis(chain: Chain) -> None:
    if chain.axis is None:
        return
    values = chain.axis.values
    if values.dtype != np.float64 or values.shape != (chain.n_features,) or not np.isfinite(values).all():
        raise WriteError(
            f"axis: {values.dtype} values of shape {values.shape}, expected {chain.n_features} finite float64 values"
        )


@dataclass(eq=False)
class _Artifacts:
    """Arrays and pickles as they come, each kept once."""

    chain: Chain
    table: dict[str, dict[str, Any]] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        classes = {
            operator.artifact: step.operator_class
            for steps in self.chain.branches.values()
            for step in steps
            for operator in step.operators
            if isinstance(operator, Opaque)
        }
        for sha256, data in self.chain.opaque.items():
            if hashlib.sha256(data).hexdigest() != sha256:
                raise WriteError(f"opaque artifact {sha256}: its bytes have another sha256")
            self._add(data, classes.get(sha256, "unknown"), "opaque")

    def keep(self, array: NDArray[Any], role: str) -> str:
        """Take an array; answers its sha256."""
        return self._add(npy.encode(array), format.ARRAY_CLASS, role)

    def _add(self, data: bytes, class_: str, role: str) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 not in self.table:
            name = format.member(sha256, role)
            self.table[sha256] = {"member": name, "sha256": sha256, "size": len(data), "class": class_, "role": role}
            self.contents[name] = data
        return sha256


def write_draft(draft: Draft, path: Path) -> Path:
    """Put a draft at `path`: write beside it, read back and prove, then move into place."""
    return place(path, lambda stream: archive.write(stream, draft.contents), lambda part: _prove(part, draft))


def place(path: Path, write: Callable[[BinaryIO], Any], prove: Callable[[Path], None]) -> Path:
    """Make a file in one step: `write` it beside `path`, `prove` it there, then move it into place.

    Raises WriteError when it cannot be written; whatever happens, `path` holds the old file or the whole new one.
    """
    if path.is_dir():
        raise WriteError(f"{path}: is a folder, expected the path of a file")
    try:
        replace(path, write, prove)
    except OSError as error:
        raise WriteError(f"{path}: cannot be written: {error.strerror}") from error
    return path


def _prove(part: Path, draft: Draft) -> None:
    # The chain's own pickles may be loaded: they came from the caller, not from a file.
    report = verify(part, allow_opaque=True)
    if report.problems or report.digest != draft.digest:
        problems = "; ".join(report.problems) or f"it has the digest {report.digest}, expected {draft.digest}"
        raise WriteError(f"the bundle failed its own proof and was not put in place: {problems}")
