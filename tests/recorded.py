"""A chain recorded in a real workspace as a training engine records it: SNV, Savitzky–Golay, a scaler, PLS per fold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from n4akit.bundle.transformers import SavitzkyGolay, StandardNormalVariate
from n4akit.store import WorkspaceStore
from sklearn.cross_decomposition import PLSRegression
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler

from .conftest import Tecator

__all__ = ["Recorded", "record"]

FOLDS = 3


@dataclass(frozen=True)
class Recorded:
    """Where a chain was recorded, and by which names."""

    workspace: Path
    run_id: str
    pipeline_id: str
    chain_id: str
    models: tuple[str, ...]
    """The artifact of each fold's model."""


def record(workspace: Path, tecator: Tecator) -> Recorded:
    """Train on Tecator fat and record all of it."""
    folds = list(KFold(FOLDS, shuffle=True, random_state=0).split(tecator.X))
    dataset = {"name": "tecator", "wavelengths": tecator.wavelengths, "unit": "nm"}
    with WorkspaceStore(workspace) as store:
        run = store.begin_run("fat in meat", {}, [dataset | {"targets": [{"name": "fat", "unit": "%"}]}])
        pipeline = store.begin_pipeline(run, "snv-sg-pls", [], [], "tecator", "0" * 64)
        X, steps, shared = tecator.X, [], {}
        for index, fitted in enumerate([StandardNormalVariate(), SavitzkyGolay(15, 2, deriv=1), StandardScaler()], 1):
            X = fitted.fit_transform(X)
            shared[str(index)] = store.save_artifact(fitted, _class(fitted), "transformer", "joblib")
            steps.append(_step(index, fitted))
        models = [PLSRegression(10, scale=False).fit(X[fit], tecator.fat[fit]) for fit, _ in folds]
        artifacts = {str(k): store.save_artifact(m, _class(m), "model", "joblib") for k, m in enumerate(models)}
        steps.append(_step(4, models[0]))
        chain = store.save_chain(pipeline, steps, 4, _class(models[0]), "SNV>SG", "per_fold", artifacts, shared)
        errors = [
            m.predict(X[held]).reshape(-1) - tecator.fat[held] for m, (_, held) in zip(models, folds, strict=True)
        ]
        rmse = float(np.sqrt(np.mean(np.concatenate(errors) ** 2)))
        store.complete_pipeline(pipeline, rmse, rmse, "rmse", 0)
        store.complete_run(run, {"rmse": rmse})
    return Recorded(workspace, run, pipeline, chain, tuple(artifacts.values()))


def _step(index: int, fitted: Any) -> dict[str, Any]:
    return {"step_idx": index, "operator_class": _class(fitted), "params": fitted.get_params(), "stateless": False}


def _class(fitted: Any) -> str:
    return f"{type(fitted).__module__}.{type(fitted).__qualname__}"
