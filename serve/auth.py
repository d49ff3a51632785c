"""Who asks: the token that a request shows, looked up in a file that may change while the server runs."""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

from .errors import Misuse
from .tokens import Token, read

__all__ = ["Tokens", "covers"]

log = logging.getLogger("n4akit.serve")

LOOK_AGAIN = 0.5
"""Seconds between two looks at the file."""
NOBODY = Token("", "", "0" * 64, (), (), "")
"""Compared with when no token has the shown id, so that this takes as long as a wrong secret."""


class Tokens:
    """The tokens of a file, read again when it changes.

    A file that cannot be read as one leaves the tokens as they were, and the log says why; one that is gone allows
    nobody. Raises Misuse or OSError where there is none to begin with.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._tokens = {token.id: token for token in read(path)}
        self._state = _state(path)
        self._next = clock() + LOOK_AGAIN
        self._readings = 0

    def find(self, authorization: bytes) -> Token | None:
        """The token that an Authorization header shows; None when it is none of ours."""
        self.look(self._clock())
        kind, _, shown = authorization.partition(b" ")
        prefix, _, rest = shown.strip().partition(b"_")
        id, _, secret = rest.partition(b"_")
        token = self._tokens.get(id.decode("ascii", "replace"), NOBODY)
        same = hmac.compare_digest(hashlib.sha256(secret).hexdigest(), token.sha256)
        return token if same and token is not NOBODY and prefix == b"n4a" and kind.lower() == b"bearer" else None

    def look(self, now: float) -> int:
        """Read the file if it is time to look and it is another than before; a number that grows with each reading."""
        if now < self._next:
            return self._readings
        self._next = now + LOOK_AGAIN
        state = _state(self._path)
        if state != self._state:
            self._state = state
            self._readings += 1
            self._read()
        return self._readings

    def _read(self) -> None:
        try:
            self._tokens = {token.id: token for token in read(self._path)}
        except FileNotFoundError:
            self._tokens = {}
            log.error("the file of tokens is gone: nobody may ask until it is back")
        except (Misuse, OSError) as error:
            log.error("the tokens stay as they were: %s", error)
        else:
            log.info("the tokens were read again")


def covers(models: Sequence[str], name: str) -> bool:
    """Whether names of models, where `*` stands for anything, cover one."""
    return "*" in models or any(_pattern(model).fullmatch(name) for model in models)


@lru_cache(1024)
def _pattern(model: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, model.split("*"))), re.DOTALL)


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
