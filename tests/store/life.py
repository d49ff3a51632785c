"""What a workspace goes through, step by step, telling what was acknowledged; and whether all of that is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from n4akit.store import StoreError, WorkspaceStore

from .soundness import KEYS
from .study import new_chain, new_pipeline, new_prediction, read

__all__ = ["Acknowledged", "Life", "NotReached", "acknowledged", "assert_kept"]

KEPT, DELETED = {"kept": 1.5}, {"deleted": 2.5}
VALUES = np.full(300, 0.5)


class NotReached(StoreError):
    """A step that needs what an earlier one, which failed, would have made."""


class Life:
    """A store, from its opening to its end. `tell` hears of every row that is to stay, and of what ended or is gone."""

    def __init__(self, workspace: Path, tell: Callable[[str, str], object]) -> None:
        self.workspace = workspace
        self.tell = tell
        self._made: dict[str, str] = {}
        self._store: WorkspaceStore | None = None

    @property
    def steps(self) -> tuple[Callable[[], None], ...]:
        """All of it, in order; `close` comes after them."""
        return (
            *(self.open, self.begin, self.predict, self.read, self.keep, self.complete, self.begin_other, self.predict),
            *(self.delete, self.collect, self.compact, self.predict, self.fail, self.end),
        )

    @property
    def store(self) -> WorkspaceStore:
        if self._store is None:
            raise NotReached("the workspace was not opened")
        return self._store

    def made(self, name: str) -> str:
        if name not in self._made:
            raise NotReached(f"no {name} was begun")
        return self._made[name]

    def told(self, table: str, id: str) -> str:
        self.tell(table, id)
        return id

    def open(self) -> None:
        self._store = WorkspaceStore(self.workspace)

    def begin(self) -> None:
        run = self.told("runs", self.store.begin_run("kept", {}, [{"name": "wheat"}]))
        pipeline = self.told("pipelines", new_pipeline(self.store, run))
        chain = self.told("chains", new_chain(self.store, pipeline))
        self._made.update(run=run, pipeline=pipeline, chain=chain)

    def predict(self) -> None:
        parents = {"pipeline_id": self.made("pipeline"), "chain_id": self.made("chain")}
        prediction = self.told("predictions", new_prediction(self.store, **parents))
        self.store.save_prediction_arrays(prediction, VALUES, None)
        self.tell("prediction_arrays", prediction)

    def read(self) -> None:
        self.store.top_predictions(5)

    def keep(self) -> None:
        model = self.told("artifacts", self.store.save_artifact(KEPT, "M", "model", "joblib"))
        self.told("chains", new_chain(self.store, self.made("pipeline"), fold_artifacts={"0": model}))

    def begin_other(self) -> None:
        """Begin a run that is going to be deleted, with an artifact of its own."""
        run = self.store.begin_run("other", {}, [])
        model = self.store.save_artifact(DELETED, "M", "model", "pickle")
        new_chain(self.store, new_pipeline(self.store, run), fold_artifacts={"0": model})
        self._made["other"] = run

    def delete(self) -> None:
        self.store.delete_run(self.made("other"))
        self.tell("deleted", self.made("other"))

    def collect(self) -> None:
        self.store.gc_artifacts()

    def compact(self) -> None:
        self.store.vacuum()

    def complete(self) -> None:
        pipeline = self.told("pipelines", new_pipeline(self.store, self.made("run")))
        with self.ending(pipeline):
            self.store.complete_pipeline(pipeline, 0.1, 0.2, "rmse", 1)

    def fail(self) -> None:
        pipeline = self.told("pipelines", new_pipeline(self.store, self.made("run")))
        with self.ending(pipeline):
            self.store.fail_pipeline(pipeline, "e")

    def end(self) -> None:
        run = self.told("runs", self.store.begin_run("ended", {}, []))
        with self.ending(run):
            self.store.complete_run(run, {})

    def close(self) -> None:
        with self.ending("store"):
            self.store.close()

    @contextmanager
    def ending(self, id: str) -> Iterator[None]:
        """What was told before it begins is on disk when it has ended."""
        self.tell("ending", id)
        yield
        self.tell("ended", id)


class Acknowledged(NamedTuple):
    """What was told."""

    rows: dict[str, set[str]]
    """By table, the keys of rows that are to be there."""
    ended: set[str]
    deleted: set[str]


def acknowledged(words: Iterable[str]) -> Acknowledged:
    """What was told, each as a word and an identifier."""
    told = [(word, id) for word, id in map(str.split, words)]

    def of(wanted: str) -> set[str]:
        return {id for word, id in told if word == wanted}

    return Acknowledged({table: of(table) for table in KEYS}, of("ended") - {"store"}, of("deleted"))


def assert_kept(store: WorkspaceStore, told: Acknowledged) -> None:
    """A store has everything that was told to be there, whole, and nothing that was told to be gone."""
    runs = set(store.list_runs()["run_id"])
    assert told.rows["runs"] <= runs
    assert not told.deleted & runs
    assert told.rows["pipelines"] <= set(store.list_pipelines()["pipeline_id"])
    assert told.rows["predictions"] <= set(store.query_predictions()["prediction_id"])
    assert all(store.get_chain(chain) for chain in told.rows["chains"])
    for prediction in told.rows["prediction_arrays"]:
        assert read(store, prediction)["y_true"].tolist() == VALUES.tolist()
    for artifact in told.rows["artifacts"]:
        assert store.load_artifact(artifact) == KEPT
    for id in told.ended:
        row = store.get_run(id) or store.get_pipeline(id)
        assert row is not None
        assert row["status"] != "running"
