"""The manifest of a chain: what it is, its two plans, and where it comes from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray

from . import canonical, limits, programs
from .answers import Golden
from .chain import Axis, Chain, Source
from .format import FORMAT, VERSION, profile, words
from .runtime.plan import Plan

__all__ = ["Keep", "describe"]

Keep = Callable[[NDArray[Any], str], str]
"""Takes an array into the bundle for a role and answers its digest."""


def describe(chain: Chain, plans: Mapping[str, Plan], golden: Golden, answers: bytes, keep: Keep) -> dict[str, Any]:
    """The manifest without its table of artifacts; `answers` is the content of golden.json, `keep` gets the arrays."""
    features = words(plans)
    documents = {kind: programs.document(plan, lambda array: keep(array, "plan")) for kind, plan in plans.items()}
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "task": chain.task,
        "profile": profile(features),
        "features": features,
        "n_features": chain.n_features,
        "targets": [{"name": target.name, "unit": target.unit} for target in chain.targets],
        "chain": _chain(chain),
        "plans": documents,
        "difference": golden.difference.hex(),
        "golden": {
            "rows": keep(golden.rows, "golden"),
            "count": len(golden.rows),
            "origin": golden.origin,
            "sha256": hashlib.sha256(answers).hexdigest(),
        },
        "provenance": canonical.tagged(chain.provenance),
        "environment": dict(chain.environment),
    }
    if chain.axis is not None:
        manifest["axis"] = _axis(chain.axis, keep)
    if chain.classes is not None:
        manifest["classes"] = {"labels": canonical.tagged(chain.classes.labels), "type": chain.classes.dtype}
    if chain.limits is not None:
        manifest["limits"] = limits.described(chain.limits, lambda array: keep(array, "limits"))
    if chain.sources:
        manifest["sources"] = [_source(source, keep) for source in chain.sources]
    if chain.signal is not None:
        manifest["signal"] = chain.signal
    return manifest


def _axis(axis: Axis, keep: Keep) -> dict[str, Any]:
    return {"array": keep(axis.values, "axis"), "unit": axis.unit}


def _source(source: Source, keep: Keep) -> dict[str, Any]:
    axis = {} if source.axis is None else {"axis": _axis(source.axis, keep)}
    signal = {} if source.signal is None else {"signal": source.signal}
    return {"name": source.name, "width": source.width, **axis, **signal}


def _chain(chain: Chain) -> dict[str, Any]:
    weights = {"weights": [weight.hex() for weight in chain.weights]} if chain.weights else {}
    return {"steps": _steps(chain), "folds": list(chain.branches), "fold_rule": chain.fold_rule, **weights}


def _steps(chain: Chain) -> list[dict[str, Any]]:
    """The steps in order of their index; what is the same in several folds is said once."""
    said: dict[bytes, dict[str, Any]] = {}
    for fold, steps in chain.branches.items():
        for step in steps:
            entry = {
                "index": step.index,
                "name": step.name,
                "class": step.operator_class,
                "params": canonical.tagged(step.params),
                "operators": [type(operator).__name__ for operator in step.operators],
                "verified": step.verified,
            }
            said.setdefault(canonical.encode(entry), {**entry, "folds": []})["folds"].append(fold)
    return sorted(said.values(), key=lambda entry: int(entry["index"]))
