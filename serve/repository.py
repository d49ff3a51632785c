"""From files and folders to models with names, versions and aliases, renewed while they are served. Knows no HTTP."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType

from ..bundle import Bundle, load
from .errors import Unavailable, UnknownModel
from .layout import Family, File, look
from .memory import Memory
from .served import Served, aliases_of
from .settings import Settings
from .slot import Loader, Model, Slot

__all__ = ["Repository", "open_repository"]

log = logging.getLogger("n4akit.serve")


class Repository:
    """The models at some paths. Made by `open_repository`; `close` it.

    What is served changes as a whole: a version is replaced when the new content of its file gave its golden answers,
    and goes on as it was when it does not. Bundles are loaded in threads of the repository, one at a time.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        loader: Loader,
        *,
        memory: int = 0,
        lazy: bool = False,
        renewed: Callable[[str], object] = lambda outcome: None,
    ) -> None:
        """`renewed` is told, by one thread at a time, what comes of each version after the start: "loaded", "failed" or
        "dropped".
        """
        self._paths = tuple(paths)
        self._lazy = lazy
        self._memory = Memory(loader, memory)
        self._renewing, self._filling = threading.Lock(), threading.Lock()
        self._seen: dict[str, Family] | None = None
        self._served: Mapping[str, Served] = {}
        self._loads: dict[Slot, asyncio.Future[Model]] = {}
        self._looking = asyncio.Lock()
        # One for the folders, one for whoever is asked.
        self._threads = ThreadPoolExecutor(2, "n4a-load")
        self._told: Callable[[str], object] = lambda outcome: None
        self.renew(patient=False)
        self._told = renewed
        self._expected = frozenset(self._served)

    @property
    def models(self) -> Mapping[str, Served]:
        """All models that were found, by name, those too that cannot be served."""
        return MappingProxyType(self._served)

    @property
    def lacking(self) -> dict[str, Served]:
        """The models that were there at the start, are still there, and have no version that can be served."""
        return {name: one for name, one in self._served.items() if name in self._expected and not one.sound}

    @property
    def ready(self) -> bool:
        """Whether there is a model to serve, and none of those that were there at the start is lacking."""
        return not self.lacking and any(one.sound for one in self._served.values())

    @property
    def memory(self) -> int:
        """Bytes of all loaded bundles."""
        return self._memory.used

    def model_of(self, name: str) -> str:
        """The name of the model that is meant by a name, which may be `name@version`."""
        return self._split(name)[0]

    def find(self, name: str, version: str | None = None) -> Slot:
        """The place of a version of a model, by version or alias; `name@version` says both.

        Raises UnknownModel when there is none.
        """
        if version is None:
            name, version = self._split(name)
        served = self._served.get(name)
        if served is None:
            known = ", ".join(sorted(name for name, one in self._served.items() if one.sound)) or "none"
            raise UnknownModel(f"no model {name!r} is served; there is {known}")
        return served.find(version)

    async def get(self, name: str, version: str | None = None) -> Model:
        """A model, ready to predict; it is loaded now if it is not in memory, once for all who wait.

        Raises UnknownModel when there is none, or none that is sound; Unavailable when it cannot be loaded just now.
        """
        slot = self.find(name, version)
        slot.touch()
        model = slot.model
        if model is not None:
            return model
        if not slot.sound:
            raise _refusal(slot)
        arriving = self._loads.get(slot)
        if arriving is None:
            arriving = asyncio.get_running_loop().run_in_executor(self._threads, self._fetch, slot)
            self._loads[slot] = arriving
            arriving.add_done_callback(lambda done: self._arrived(slot, done))
        # Who stops waiting takes nothing from those who go on.
        return await asyncio.shield(arriving)

    async def look(self, *, patient: bool, only: str | None = None) -> None:
        """Look for what came, changed or went, in a thread: of all models or of one.

        A `patient` look takes what it saw twice in a row, so that no file is read that is still being written.
        Raises OSError when a folder cannot be listed; all models stay as they are.
        """
        async with self._looking:
            renewing = asyncio.get_running_loop().run_in_executor(
                self._threads, lambda: self.renew(patient=patient, only=only)
            )
            await asyncio.shield(renewing)

    def renew(self, *, patient: bool, only: str | None = None) -> None:
        """As `look`, in the thread of the caller."""
        with self._renewing:
            found = look(self._paths)
            before = self._seen
            if patient:  # a look when told may come right before a patient one, which must not take the two for a row
                self._seen = found
            names = found.keys() | self._served.keys()
            for name in sorted(names if only is None else names & {only}):
                family, served = found.get(name), self._served.get(name)
                if patient and (before is None or family != before.get(name)):
                    continue  # it is being written: the next look will see whether it is whole
                renewed = None if family is None else self._renewed(name, family, served, again=not patient)
                self._serve(name, renewed, served)

    def close(self) -> None:
        """Load nothing any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _split(self, name: str) -> tuple[str, str | None]:
        """A model may have an @ in its name: then it is meant, and no version of another."""
        stem, at, version = name.rpartition("@")
        return (stem, version) if at and name not in self._served and stem in self._served else (name, None)

    def _renewed(self, name: str, family: Family, served: Served | None, *, again: bool) -> Served:
        if family.ambiguous:
            problem = "two bundles have this name; rename one"
            kept = (served.slots, served.aliases) if served else ({}, {})
            return Served(name, *kept, (problem,))
        known = served.slots if served else {}
        slots = {version: known.get(version) or Slot(name, version, file) for version, file in family.files.items()}
        for version, slot in slots.items():
            self._renew(slot, family.files[version], new=version not in known, again=again)
        aliases, problems = aliases_of(family, slots, served)
        return Served(name, slots, aliases, tuple(problems))

    def _renew(self, slot: Slot, file: File, *, new: bool, again: bool) -> None:
        if not (new or file != slot.file or (again and slot.problems)):
            return
        if self._lazy and slot.facts is None:
            slot.file, slot.problems = file, ()
            return
        with self._filling:
            before = slot.content
            if self._memory.fill(slot, file) is not None:
                self._note(slot, before)
                return
            self._told("failed")
        state = "is not served" if slot.facts is None else f"goes on as {before}"
        log.warning("model %s %s: %s", slot.label, state, "; ".join(slot.problems))

    def _serve(self, name: str, renewed: Served | None, before: Served | None) -> None:
        """Serve this from now on, in one step, and let go of what it leaves out."""
        others = {other: one for other, one in self._served.items() if other != name}
        self._served = others if renewed is None else {**others, name: renewed}
        left = {*before.slots.values()} - {*(renewed.slots.values() if renewed else ())} if before else set()
        for slot in left:
            with self._filling:
                slot.gone = True
                self._memory.drop(slot)
                self._told("dropped")
            log.info("model %s is no longer there", slot.label)

    def _fetch(self, slot: Slot) -> Model:
        with self._filling:
            if slot.model is not None:
                return slot.model
            before = slot.content
            model = None if slot.gone else self._memory.fill(slot, slot.file)
            if model is None:
                raise _refusal(slot)
            self._note(slot, before)
            return model

    def _note(self, slot: Slot, before: str | None) -> None:
        """Tell of a slot that was filled, unless it holds what it did before."""
        if slot.content != before:
            self._told("loaded")
            log.info("model %s is %s", slot.label, slot.content)

    def _arrived(self, slot: Slot, done: asyncio.Future[Model]) -> None:
        del self._loads[slot]
        if not done.cancelled():
            done.exception()  # those who wait are told; perhaps nobody does any more


def _refusal(slot: Slot) -> UnknownModel | Unavailable:
    if slot.gone:
        return UnknownModel(f"model {slot.label} is no longer there")
    reasons = "; ".join(slot.problems)
    if slot.facts is None:
        return UnknownModel(f"model {slot.label} is not served: {reasons}")
    return Unavailable(f"model {slot.label} was let go and cannot be loaded again now: {reasons}")


def open_repository(settings: Settings, renewed: Callable[[str], object] = lambda outcome: None) -> Repository:
    """The models of the settings; each must give its golden answers here before it is served.

    Raises OSError when a folder cannot be listed.
    """
    loader = _loader(settings.allow_opaque)
    return Repository(settings.paths, loader, memory=settings.memory, lazy=settings.lazy, renewed=renewed)


def _loader(allowed: Iterable[str]) -> Loader:
    """Loads what may be loaded: pickled steps only of these models, by name or by digest."""
    trusted = frozenset(allowed)

    def loading(name: str, file: File) -> Bundle:
        # One thread: a large request must not take the other cores from those beside it.
        return load(file.path, allow_opaque=name in trusted or trusted, threads=1)

    return loading
