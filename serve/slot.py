"""One version of a model: its file, what is known of it, and its bundle while that is in memory."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any

from ..bundle import Bundle, BundleError
from ..bundle.errors import BadSettings
from .layout import ONLY, File
from .weight import weight

__all__ = ["Loader", "Model", "Slot"]

log = logging.getLogger("n4akit.serve")

Loader = Callable[[str, File], Bundle]
"""The bundle in the file of a model of some name, and the settings beside it; raises BundleError, BadSettings or, where
those cannot be read, OSError.
"""


@dataclass(frozen=True, eq=False)
class Model:
    """A bundle that is being served. Whoever holds one may finish with it, whatever happens to its file meanwhile."""

    name: str
    version: str
    bundle: Bundle
    weight: int
    """Bytes of its arrays."""

    @property
    def digest(self) -> str:
        """Sha256 of the bundle's manifest: what it is, whatever it is called."""
        return self.bundle.digest

    @property
    def settings(self) -> str | None:
        """The digest of the settings that are applied, None where there are none."""
        return None if self.bundle.settings is None else self.bundle.settings.digest


class Slot:
    """A place for one version of a model, which is filled, emptied and filled again."""

    def __init__(self, name: str, version: str, file: File) -> None:
        self.name = name
        self.version = version
        self.file = file
        """The file as it is served, or as it was last tried."""
        self.model: Model | None = None
        """While it is in memory."""
        self.facts: dict[str, Any] | None = None
        """What there is to know about the model, once it was loaded."""
        self.weight = file.stamp[2] if file.stamp else 0
        """Bytes that it takes; the size of its file until that was measured."""
        self.problems: tuple[str, ...] = ()
        """What is wrong with the file as it lies there. An older content of it may be served nevertheless."""
        self.used = 0.0
        self.gone = False

    @property
    def label(self) -> str:
        """What to call it where people read."""
        return repr(self.name) if self.version == ONLY else f"{self.name!r}, version {self.version!r},"

    @property
    def digest(self) -> str | None:
        """Of what is served, in memory or not; None before it was loaded."""
        return None if self.facts is None else self.facts["digest"]

    @property
    def content(self) -> str | None:
        """What is served in words, its digest and that of its settings; None before it was loaded."""
        settings = None if self.facts is None else self.facts["settings"]
        return self.digest if settings is None else f"{self.digest} with settings {settings}"

    @property
    def sound(self) -> bool:
        """Whether this version can be served: it was loaded, or nobody tried yet."""
        return self.facts is not None or not self.problems

    def touch(self) -> None:
        """Note that it is being used."""
        self.used = monotonic()

    def fill(self, load: Loader, file: File, bound: int) -> Model | None:
        """Load what is in a file, the bundle of which may hold up to `bound` bytes (0: any number), and serve it.

        None when that fails: `problems` say why, and what was served goes on.
        """
        self.file = file
        try:
            bundle = load(self.name, file)
            found = Model(self.name, self.version, bundle, weight(bundle))
            if bound and found.weight > bound:
                raise BundleError(f"it holds {found.weight} bytes in memory, and all models may hold {bound} (memory)")
        except BundleError as error:
            self.problems = error.problems
            return None
        except BadSettings as error:
            self.problems = tuple(f"settings: {problem}" for problem in error.problems)
            return None
        except OSError as error:  # of a bundle it would be a BundleError
            self.problems = (f"settings: they cannot be read: {error.strerror}",)
            return None
        except Exception:  # of one bundle: the others must be looked after all the same
            log.exception("unexpected error while loading model %s, version %s", self.name, self.version)
            self.problems = ("loading it met an unexpected error; the server's log says more",)
            return None
        self.problems = ()
        if self.model is None or (self.model.digest, self.model.settings) != (found.digest, found.settings):
            self.model = found
            self.weight = found.weight
            self.facts = bundle.info() | {"settings": found.settings}
            del self.facts["path"]  # where it lies is nobody's business outside
        self.touch()
        return self.model
