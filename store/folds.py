"""Which models of a recorded chain predict, in which order, and how much each weighs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import Refused
from .references import identifiers
from .steps import Recorded

__all__ = ["fold_weights", "folds"]

FINAL = "final"
"""The fold whose model was fitted again on everything: where there is one it predicts alone."""

WEIGHTED = "weighted_average"
"""The fold strategy of chains whose model says `fold_weights`."""


def folds(chain: Mapping[str, Any], model: Recorded | None) -> dict[str, str]:
    """The artifact of the model for each fold that predicts, in order."""
    named = _per_fold(chain)
    index = chain["model_step_idx"]
    own = model.artifacts if model else ()
    single = {*identifiers((chain["shared_artifacts"] or {}).get(str(index))), *own}
    if not named and len(single) == 1:
        return {"0": single.pop()}
    if not named or not single <= set(named.values()):
        raise Refused(
            f"chain_id {chain['chain_id']!r}: {len(single)} models are named for step {index} and {len(named)} per "
            "fold, expected one model, or one per fold"
        )
    if FINAL in named:
        return {FINAL: named[FINAL]}
    numbered = sorted((fold for fold in named if fold.isdecimal()), key=int)
    return {fold: named[fold] for fold in [*numbered, *(fold for fold in named if not fold.isdecimal())]}


def _per_fold(chain: Mapping[str, Any]) -> dict[str, str]:
    """The one artifact of each fold; `fold_0` is fold 0."""
    found: dict[str, str] = {}
    for name, value in (chain["fold_artifacts"] or {}).items():
        fold, artifacts = name.removeprefix("fold_"), list(identifiers(value))
        if fold in found or len(artifacts) != 1:
            raise Refused(
                f"chain_id {chain['chain_id']!r}, fold {name!r}: {len(artifacts) + (fold in found)} artifacts are "
                "named, expected one; which is to be used is not said"
            )
        found[fold] = artifacts[0]
    return found


def fold_weights(chain: Mapping[str, Any], model: Recorded | None, predicting: Mapping[str, str]) -> list[float] | None:
    """The weight of each fold that predicts, None where they weigh the same."""
    said = None if model is None or model.weights is None else dict(model.weights)
    if len(predicting) == 1:
        return None
    if said is None:
        if chain["fold_strategy"] == WEIGHTED:
            raise Refused(
                f"chain_id {chain['chain_id']!r}: its folds are weighted, and the step of its model has no "
                "fold_weights; name them there, by fold"
            )
        return None
    weights = {str(fold).removeprefix("fold_"): weight for fold, weight in said.items()}
    if set(weights) != set(predicting):
        raise Refused(
            f"{model.where if model else ''}: fold_weights are those of folds {sorted(weights)}, expected "
            f"{sorted(predicting)}"
        )
    return [float(weights[fold]) for fold in predicting]
