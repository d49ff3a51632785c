"""Fitted objects are kept once, whole, and come back as they were; what is damaged or unknown is named."""

from __future__ import annotations

import os
import pickle
import random
import sys
import types
from pathlib import Path
from typing import Any

import cloudpickle
import joblib
import numpy as np
import pytest
from n4akit.store import DamagedObject, Refused, UnknownId, WorkspaceStore
from sklearn.cross_decomposition import PLSRegression
from sklearn.preprocessing import StandardScaler

FORMATS = ("joblib", "pickle", "cloudpickle")


def save(store: WorkspaceStore, obj: Any, format: str = "joblib") -> str:
    return store.save_artifact(obj, "a.b.Thing", "model", format)


def files(store: WorkspaceStore) -> list[Path]:
    return [path for path in (store.workspace_path / "artifacts").rglob("*") if path.is_file()]


def fitted() -> PLSRegression:
    rng = np.random.default_rng(7)
    return PLSRegression(3).fit(rng.normal(size=(30, 20)), rng.normal(size=30))


@pytest.mark.parametrize("format", FORMATS)
def test_a_fitted_model_predicts_the_same_after_a_round_trip(format: str, store: WorkspaceStore) -> None:
    model, X = fitted(), np.random.default_rng(8).normal(size=(5, 20))
    loaded = store.load_artifact(save(store, model, format))
    assert loaded.predict(X).tobytes() == model.predict(X).tobytes()


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_content_is_kept_once(format: str, store: WorkspaceStore) -> None:
    first, second = save(store, fitted(), format), save(store, fitted(), format)
    assert first == second
    assert len(files(store)) == 1
    other = save(store, StandardScaler().fit(np.eye(3)), format)
    assert other != first
    assert len(files(store)) == 2


def test_the_same_content_is_one_row_whoever_saves_it(workspace: Path) -> None:
    with WorkspaceStore(workspace) as one, WorkspaceStore(workspace) as two:
        assert save(one, [1.0]) == save(two, [1.0])
        with one._desk.database() as connection:
            assert connection.execute("SELECT count(*) FROM artifacts").fetchall() == [(1,)]


def test_an_artifact_lies_where_it_is_said_and_joblib_reads_it(store: WorkspaceStore) -> None:
    artifact = save(store, {"coef": np.arange(5.0)})
    path = store.get_artifact_path(artifact)
    assert path == store.workspace_path / "artifacts" / artifact[:2] / f"{artifact}.joblib"
    assert joblib.load(path)["coef"].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_the_training_environment_is_recorded(store: WorkspaceStore) -> None:
    artifact = save(store, [1])
    with store._desk.database() as connection:
        query = "SELECT json_keys(environment), json_extract_string(environment, '$.numpy') FROM artifacts"
        [(names, numpy)] = connection.execute(query).fetchall()
    assert {"python", "numpy", "scikit-learn", "joblib", "cloudpickle"} <= set(names)
    assert numpy == np.__version__
    assert artifact in str(store.get_artifact_path(artifact))


def test_compressed_formats_are_small(store: WorkspaceStore) -> None:
    zeros = np.zeros(100_000)
    for format in ("pickle", "cloudpickle"):
        assert store.get_artifact_path(save(store, zeros, format)).stat().st_size < 10_000


def test_functions_made_on_the_spot_are_carried_by_cloudpickle_alone(store: WorkspaceStore) -> None:
    offset = 3
    assert store.load_artifact(save(store, lambda x: x + offset, "cloudpickle"))(4) == 7
    with pytest.raises(Refused, match=r"function cannot be pickled: .*; format='cloudpickle' carries functions"):
        save(store, lambda x: x + offset, "joblib")


class Unwilling:
    def __reduce__(self) -> str:
        raise RuntimeError("I will not be pickled")


@pytest.mark.parametrize("format", FORMATS)
def test_what_cannot_be_pickled_stores_nothing(format: str, store: WorkspaceStore) -> None:
    with pytest.raises(Refused, match="a list cannot be pickled: RuntimeError: I will not be pickled"):
        save(store, [np.zeros(1000), Unwilling()], format)
    assert files(store) == []
    with store._desk.database() as connection:
        assert connection.execute("SELECT count(*) FROM artifacts").fetchall() == [(0,)]


def test_an_unknown_format_is_refused(store: WorkspaceStore) -> None:
    with pytest.raises(Refused, match="format='onnx': expected one of 'joblib', 'cloudpickle', 'pickle'"):
        save(store, [1], "onnx")
    assert files(store) == []


def test_an_unknown_artifact_is_a_key_error(store: WorkspaceStore) -> None:
    for ask in (store.load_artifact, store.get_artifact_path):
        for id in ("nobody", "../../etc/passwd", "\ud800"):
            with pytest.raises(UnknownId, match="artifact_id"):
                ask(id)


def test_a_missing_file_is_named(store: WorkspaceStore) -> None:
    artifact = save(store, [1])
    path = store.get_artifact_path(artifact)
    path.unlink()
    with pytest.raises(UnknownId, match=rf"{artifact} \(a\.b\.Thing\): its file {path} is missing"):
        store.load_artifact(artifact)
    assert store.get_artifact_path(artifact) == path


def test_a_class_that_is_missing_is_named(store: WorkspaceStore, monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("vendor")
    exec("class Exotic: pass", vars(module))
    with monkeypatch.context() as installed:
        installed.setitem(sys.modules, "vendor", module)
        artifact = save(store, module.Exotic())
        assert type(store.load_artifact(artifact)).__name__ == "Exotic"
    with pytest.raises(DamagedObject, match=r"\(a\.b\.Thing\) cannot be read here: .*No module named 'vendor'"):
        store.load_artifact(artifact)
    monkeypatch.setitem(sys.modules, "vendor", types.ModuleType("vendor"))
    with pytest.raises(DamagedObject, match="Exotic"):
        store.load_artifact(artifact)


@pytest.mark.parametrize("format", FORMATS)
def test_a_flipped_bit_is_noticed_and_healed_by_saving_again(format: str, store: WorkspaceStore) -> None:
    obj = {"coef": np.random.default_rng(1).normal(size=50)}
    artifact = save(store, obj, format)
    path = store.get_artifact_path(artifact)
    whole = path.read_bytes()
    for place in [0, len(whole) - 1, *random.Random(3).sample(range(len(whole)), 15)]:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        with pytest.raises(DamagedObject, match=artifact):
            store.load_artifact(artifact)
    assert save(store, obj, format) == artifact
    assert path.read_bytes() == whole
    assert store.load_artifact(artifact)["coef"].tolist() == obj["coef"].tolist()


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("length", [0, 1, 60])
def test_a_torn_file_is_noticed_and_healed(format: str, length: int, store: WorkspaceStore) -> None:
    obj = list(range(500))
    artifact = save(store, obj, format)
    path = store.get_artifact_path(artifact)
    os.truncate(path, length)
    with pytest.raises(DamagedObject, match=artifact):
        store.load_artifact(artifact)
    save(store, obj, format)
    assert store.load_artifact(artifact) == obj


@pytest.mark.parametrize("format", FORMATS)
def test_a_folder_in_the_place_of_a_file_is_no_artifact(format: str, store: WorkspaceStore) -> None:
    artifact = save(store, [1], format)
    path = store.get_artifact_path(artifact)
    path.unlink()
    path.mkdir()
    with pytest.raises(DamagedObject, match=artifact):
        store.load_artifact(artifact)


def test_another_pickle_in_the_place_of_an_artifact_is_not_run(store: WorkspaceStore) -> None:
    artifact = save(store, [1])
    store.get_artifact_path(artifact).write_bytes(cloudpickle.dumps(lambda: None))
    with pytest.raises(DamagedObject, match="was altered"):
        store.load_artifact(artifact)
    store.get_artifact_path(artifact).write_bytes(pickle.dumps([1], protocol=2))  # equal, but not what was saved
    with pytest.raises(DamagedObject, match="was altered"):
        store.load_artifact(artifact)


def test_a_large_object_comes_back(store: WorkspaceStore) -> None:
    large = np.random.default_rng(0).normal(size=2_000_000)
    for format in FORMATS:
        assert store.load_artifact(save(store, large, format)).tobytes() == large.tobytes()
