"""The form of a bundle of format 1: its members and the keys of its manifest. FORMAT.md tells every byte."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from . import canonical, programs
from .answers import ORIGINS
from .ends import CLASS_TYPES, FOLD_RULES
from .limits import LIMITS
from .runtime.errors import PlanError
from .runtime.instructions import INSTRUCTIONS
from .runtime.plan import Plan
from .runtime.signals import SIGNALS
from .schema import anything, choice, digest, integer, items, real, record, table, text

__all__ = [
    "ARRAY_CLASS",
    "FORMAT",
    "GOLDEN",
    "LARGEST",
    "MANIFEST",
    "NAN",
    "VERSION",
    "member",
    "parse",
    "profile",
    "restore",
    "words",
]

FORMAT = "n4a"
VERSION = 1

MANIFEST = "manifest.json"
GOLDEN = "golden.json"
"""The first and the last member."""

NAN = "nan"
"""Among the features: values of the spectra may be missing."""

LARGEST = 2**24
"""Bytes of the largest document a reader takes in."""

SHOWN = 100
"""Complaints about the form of a manifest before its reader gives up: a hostile one has millions."""

ROLES = ("plan", "axis", "golden", "limits", "opaque")
"""What an artifact is for; the first of these that applies."""

ARRAY_CLASS = "numpy.ndarray"

_STEP = {
    "index": integer(0),
    "name": text,
    "class": text,
    "params": table(text, anything),
    "operators": items(text),
    "verified": text,
    "folds": items(text, 1),
}
_ARTIFACT = {"member": text, "sha256": digest, "size": integer(1), "class": text, "role": choice(*ROLES)}
_AXIS = record({"array": digest, "unit": text})
_SIGNAL = choice(*SIGNALS)
_SCHEMA = record(
    {
        "format": choice(FORMAT),
        "version": integer(VERSION, VERSION),
        "task": choice("regression", "classification"),
        "profile": choice("exact", "opaque"),
        "features": items(text),
        "n_features": integer(1, 2**24),
        "targets": items(record({"name": text, "unit": text}), 1),
        "chain": record(
            {"steps": items(record(_STEP), 1), "folds": items(text, 1), "fold_rule": choice(*FOLD_RULES)},
            {"weights": items(real, 2)},
        ),
        "plans": record({"faithful": programs.PROGRAM, "compiled": programs.PROGRAM}),
        "difference": real,
        "artifacts": table(digest, record(_ARTIFACT)),
        "golden": record({"rows": digest, "count": integer(1), "origin": choice(*ORIGINS), "sha256": digest}),
        "provenance": table(text, anything),
        "environment": table(text, text),
    },
    {
        "axis": _AXIS,
        "limits": LIMITS,
        "classes": record({"labels": items(anything, 2), "type": choice(*CLASS_TYPES)}),
        "sources": items(record({"name": text, "width": integer(1)}, {"axis": _AXIS, "signal": _SIGNAL}), 1),
        "signal": _SIGNAL,
    },
)


def words(plans: Mapping[str, Plan]) -> list[str]:
    """What a reader must know to replay these plans: their instructions, and `nan` if values may be missing."""
    missing = {NAN for plan in plans.values() for source in plan.inputs if source.missing}
    return sorted({line.op for plan in plans.values() for line in plan.body} | missing)


def profile(features: list[str]) -> str:
    """How far the answers of plans with these words can be trusted to be the same bits everywhere."""
    return "opaque" if "opaque" in features else "exact"


def member(sha256: str, role: str) -> str:
    """The name of the member that holds an artifact."""
    return f"artifacts/{sha256}.{'pkl' if role == 'opaque' else 'npy'}"


def parse(data: bytes) -> tuple[dict[str, Any], list[str]]:
    """The manifest and what is wrong with its form; an unknown format or version is all that is said about it."""
    try:
        manifest = canonical.decode(data)
    except ValueError as error:
        return {}, [f"{MANIFEST}: {error}"]
    if type(manifest) is not dict or manifest.get("format") != FORMAT or type(manifest.get("version")) is not int:
        return {}, [f"{MANIFEST}: this is no bundle: it does not say format {FORMAT!r} and a version"]
    if manifest["version"] != VERSION:
        return {}, [
            f"{MANIFEST}: written in format {manifest['version']}, this n4akit reads format {VERSION}; "
            "upgrade n4akit, or ask for a bundle in an older format"
        ]
    unknown = [word for word in _features(manifest) if word not in INSTRUCTIONS and word != NAN]
    if unknown:
        return {}, [f"{MANIFEST}: needs the instructions {', '.join(map(repr, unknown))}, unknown here; upgrade n4akit"]
    return manifest, list(islice(_SCHEMA(MANIFEST, manifest), SHOWN))


def _features(manifest: dict[str, Any]) -> list[str]:
    features = manifest.get("features")
    return [word for word in features if type(word) is str] if type(features) is list else []


def restore(manifest: dict[str, Any], fetch: programs.Fetch) -> tuple[dict[str, Plan], list[str]]:
    """Both plans of a manifest of the right form, or what is wrong with them."""
    plans, problems = {}, []
    for kind in ("faithful", "compiled"):
        try:
            plans[kind] = programs.restore(manifest["plans"][kind], fetch)
        except PlanError as error:
            problems.append(f"{MANIFEST} plans.{kind}: {error}")
    return plans, problems
