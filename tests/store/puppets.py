"""Other processes that do with their own store what they are told."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from n4akit.store import StoreError, WorkspaceStore

from . import study
from .actors import start

__all__ = ["Puppet"]


class Puppet:
    """A process with a store of its own on a workspace. What its calls raise is raised here."""

    def __init__(self, workspace: Path) -> None:
        self._strings, theirs = multiprocessing.Pipe()
        self.process = start(_obey, workspace, theirs)
        theirs.close()
        self.answer()

    def ask(self, name: str, *arguments: Any, **more: Any) -> None:
        """Have a method of the store called, or a function of `study`; `answer` waits for what comes of it."""
        self._strings.send((name, arguments, more))

    def answer(self) -> Any:
        answer = self._strings.recv()
        if isinstance(answer, StoreError):
            raise answer
        return answer

    def __call__(self, name: str, *arguments: Any, **more: Any) -> Any:
        self.ask(name, *arguments, **more)
        return self.answer()

    def kill(self) -> None:
        self.process.kill()
        self.process.join()

    def leave(self) -> None:
        """Close the store and end, if it has not been killed."""
        if self.process.is_alive():
            self._strings.send(None)
            self.process.join(60)
            assert self.process.exitcode == 0
        self._strings.close()


def _obey(workspace: Path, strings: Connection) -> None:
    with WorkspaceStore(workspace) as store:
        strings.send("ready")
        while (command := strings.recv()) is not None:
            name, arguments, more = command
            try:
                strings.send(_methods(store)[name](*arguments, **more))
            except StoreError as error:
                strings.send(error)


def _methods(store: WorkspaceStore) -> dict[str, Callable[..., Any]]:
    own = {name: getattr(store, name) for name in dir(store) if not name.startswith("_")}
    functions = (study.new_pipeline, study.new_chain, study.new_prediction, study.write_and_read)
    return own | {f.__name__: partial(f, store) for f in functions} | {"begin_study": lambda: _ids(store)}


def _ids(store: WorkspaceStore) -> tuple[str, str, str]:
    begun = study.begin(store)
    return begun.run, begun.pipeline, begun.chain
