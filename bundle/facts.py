"""What a manifest says, for people and programs: plain values, the same from a bundle and from a script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import canonical
from .ends import Axis
from .format import NAN

__all__ = ["facts"]


def facts(manifest: Mapping[str, Any], digest: str, axis: Axis | None) -> dict[str, Any]:
    """What there is to know about a model, in plain JSON values."""
    return {
        "digest": digest,
        "format": f"{manifest['format']} {manifest['version']}",
        "profile": manifest["profile"],
        "task": manifest["task"],
        "n_features": manifest["n_features"],
        "missing_values": NAN in manifest["features"],
        "axis": None
        if axis is None
        else {"first": float(axis.values[0]), "last": float(axis.values[-1]), "unit": axis.unit},
        "signal": manifest.get("signal"),
        "targets": manifest["targets"],
        "classes": canonical.plain(manifest["classes"]["labels"]) if "classes" in manifest else None,
        "sources": [
            {"name": s["name"], "width": s["width"], "signal": s.get("signal", manifest.get("signal"))}
            for s in manifest.get("sources", ())
        ],
        "steps": [{**step, "params": canonical.plain(step["params"])} for step in manifest["chain"]["steps"]],
        "folds": manifest["chain"]["folds"],
        "fold_rule": manifest["chain"]["fold_rule"],
        "weights": [canonical.real(weight) for weight in manifest["chain"].get("weights", ())],
        "instructions": {kind: len(program["body"]) for kind, program in manifest["plans"].items()},
        "golden": {"rows": manifest["golden"]["count"], "origin": manifest["golden"]["origin"]},
        "difference": canonical.real(manifest["difference"]),
        "provenance": canonical.plain(manifest["provenance"]),
        "environment": manifest["environment"],
    }
