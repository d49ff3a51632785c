"""From files and folders to models with names. Knows nothing of HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ..bundle import Bundle, BundleError, load
from .errors import UnknownModel

__all__ = ["SUFFIX", "Repository", "open_repository"]

SUFFIX = ".n4a"


@dataclass(frozen=True)
class Repository:
    """The models being served, and those that could not be."""

    models: Mapping[str, Bundle]
    """By name: the file name without its suffix."""
    failed: Mapping[str, tuple[str, ...]]
    """All that is wrong with each model that is not served."""

    def get(self, name: str) -> Bundle:
        """The model of that name; UnknownModel when there is none."""
        if name in self.models:
            return self.models[name]
        if name in self.failed:
            raise UnknownModel(f"model {name!r} is not served: {'; '.join(self.failed[name])}")
        known = ", ".join(sorted(self.models)) or "none"
        raise UnknownModel(f"no model {name!r} is served; there is {known}")


def open_repository(paths: Sequence[Path]) -> Repository:
    """Load every bundle at the paths; each must give its golden answers here before it is served."""
    models: dict[str, Bundle] = {}
    failed: dict[str, tuple[str, ...]] = {}
    for path in _bundles(paths):
        name = path.name.removesuffix(SUFFIX)
        if name in models or name in failed:
            models.pop(name, None)
            failed[name] = ("two bundles have this name; rename one",)
            continue
        try:
            # One thread: a large request must not take the other cores from those beside it.
            models[name] = load(path, threads=1)
        except BundleError as error:
            failed[name] = error.problems
    return Repository(MappingProxyType(models), MappingProxyType(failed))


def _bundles(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(path.glob(f"*{SUFFIX}"))
        else:
            yield path
