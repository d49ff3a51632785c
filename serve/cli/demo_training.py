"""What a training engine does, in small: fit candidates over folds, record everything, let a query pick the winner."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cross_decomposition import PLSRegression
from sklearn.model_selection import KFold

from ...bundle.transformers import SavitzkyGolay, StandardNormalVariate
from ...store import WorkspaceStore

__all__ = ["Run", "Split", "export_winner", "split", "train"]

Vector = NDArray[np.float64]
KEPT_OUT = 43
COMPONENTS = (8, 10, 12)
DATASET = "tecator"


@dataclass(frozen=True, eq=False)
class Split:
    """Spectra (n, 100) in absorbance and their fat content in %, for training and kept out of it."""

    wavelengths: Vector
    train_X: Vector
    train_y: Vector
    test_X: Vector
    test_y: Vector
    test_ids: list[str]


@dataclass(frozen=True)
class Run:
    """What was recorded, and which chain a query picked."""

    run_id: str
    chain_id: str
    winner: str
    rmsecv: float
    pipelines: int
    predictions: int


def split(data: Any) -> Split:
    """Every fifth sample is kept out; the others train."""
    out = np.arange(len(data.fat)) % 5 == 4
    spectra, fat = np.array(data.spectra), np.array(data.fat)
    assert out.sum() == KEPT_OUT
    ids = [data.sample[i] for i in np.flatnonzero(out)]
    return Split(np.array(data.wavelengths), spectra[~out], fat[~out], spectra[out], fat[out], ids)


def train(workspace: Path, data: Split) -> Run:
    """Fit every candidate on 5 folds and record runs, pipelines, chains, artifacts, predictions and arrays."""
    digest = hashlib.sha256(data.train_X.tobytes() + data.train_y.tobytes()).hexdigest()
    with WorkspaceStore(workspace) as store:
        dataset = {
            "name": DATASET,
            "hash": digest,
            "n_samples": len(data.train_y),
            "wavelengths": data.wavelengths,
            "unit": "nm",
            "signal": "absorbance",
            "targets": [{"name": "fat", "unit": "%"}],
        }
        run_id = store.begin_run("demo: fat in meat", {"folds": 5, "n_components": list(COMPONENTS)}, [dataset])
        saved = sum(_train_one(store, run_id, number, n, data, digest) for number, n in enumerate(COMPONENTS, 1))
        # The winner is what a person would ask the workspace for: the smallest error over all folds.
        found = store.query_predictions(run_id=run_id, fold_id="avg", partition="val").sort("val_score")
        best = found.row(0, named=True)
        store.complete_run(run_id, {"winner": best["chain_id"], "rmsecv": best["val_score"]})
        return Run(run_id, best["chain_id"], best["model_name"], best["val_score"], len(COMPONENTS), saved)


def _train_one(store: WorkspaceStore, run_id: str, number: int, components: int, data: Split, digest: str) -> int:
    """One pipeline: the spectra go through two shared steps, the model is fitted once per fold."""
    started = time.perf_counter()
    steps = [StandardNormalVariate(), SavitzkyGolay(window_length=15, polyorder=2, deriv=1)]
    config = [*({"class": _class(step), "params": step.get_params()} for step in steps)]
    config.append({"model": "sklearn.cross_decomposition.PLSRegression", "params": {"n_components": components}})
    name = f"{number:04d}_pls{components}"
    pipeline = store.begin_pipeline(run_id, name, config, [{"n_components": components}], DATASET, digest)
    X, described = data.train_X, []
    shared: dict[str, str] = {}
    for index, step in enumerate(steps, 1):
        X = step.fit_transform(X)
        shared[str(index)] = store.save_artifact(step, _class(step), "transformer", "joblib")
        described.append(_step(index, step, shared[str(index)]))
        store.log_step(pipeline, index, _class(step), "end", message=f"{X.shape[1]} points")
    folds = list(KFold(5, shuffle=True, random_state=0).split(X))
    models = [PLSRegression(components, scale=False).fit(X[fit], data.train_y[fit]) for fit, _ in folds]
    artifacts = {str(k): store.save_artifact(m, _class(m), "model", "joblib") for k, m in enumerate(models)}
    described.append(_step(3, models[0], None))
    known = {"spectra": data.train_X, "references": data.train_y}
    shared["calibration"] = store.save_artifact(known, "builtins.dict", "calibration", "joblib")
    chain = store.save_chain(pipeline, described, 3, _class(models[0]), "SNV>SG", "per_fold", artifacts, shared)
    out_of_fold = np.empty_like(data.train_y)
    for k, (model, (fit, held)) in enumerate(zip(models, folds, strict=True)):
        out_of_fold[held] = model.predict(X[held]).reshape(-1)
        _record(store, pipeline, chain, components, str(k), data.train_y[held], out_of_fold[held], held, len(fit))
    rmsecv = _record(store, pipeline, chain, components, "avg", data.train_y, out_of_fold, np.arange(len(X)), len(X))
    store.complete_pipeline(pipeline, rmsecv, rmsecv, "rmse", round((time.perf_counter() - started) * 1000))
    return len(folds) + 1


def _record(
    store: WorkspaceStore,
    pipeline: str,
    chain: str,
    components: int,
    fold: str,
    y: Vector,
    predicted: Vector,
    indices: NDArray[Any],
    fitted: int,
) -> float:
    rmse = float(np.sqrt(np.mean((predicted - y) ** 2)))
    prediction = store.save_prediction(
        pipeline,
        chain,
        DATASET,
        f"PLS({components})",
        "sklearn.cross_decomposition._pls.PLSRegression",
        fold,
        "val",
        rmse,
        rmse,
        rmse,
        "rmse",
        "regression",
        len(y),
        100,
        {"val": {"rmse": rmse}, "n_fitted": fitted},
        {"n_components": components},
        None,
        None,
        0,
        0.0,
        "SNV>SG",
    )
    store.save_prediction_arrays(prediction, y, predicted, sample_indices=indices)
    return rmse


def _step(index: int, fitted: Any, artifact: str | None) -> dict[str, Any]:
    params = fitted.get_params()
    described = {"step_idx": index, "operator_class": _class(fitted), "params": params}
    return described | {"artifact_id": artifact, "stateless": False}


def _class(fitted: Any) -> str:
    return f"{type(fitted).__module__}.{type(fitted).__qualname__}"


def export_winner(workspace: Path, run: Run, models: Path) -> tuple[Path, Path]:
    """The winning chain as a bundle and as a script."""
    with WorkspaceStore(workspace) as store:
        bundle = store.export_chain(run.chain_id, models / "fat")
        script = store.export_chain(run.chain_id, models.parent / "fat", format="n4a.py")
    return bundle, script
