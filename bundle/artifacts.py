"""The artifacts of a bundle file, by their sha256, each proven when it is read."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from . import npy
from .archive import Archive
from .errors import BundleError

__all__ = ["Artifacts"]


class Artifacts:
    """Those that the `table` of a manifest lists, in an open file. Safe to read from several threads."""

    def __init__(self, archive: Archive, table: Mapping[str, Any]) -> None:
        self._archive = archive
        self._table = table
        self._arrays: dict[str, NDArray[Any]] = {}
        self._lock = threading.Lock()

    def array(self, sha256: str, type: str, shape: tuple[int, ...]) -> NDArray[Any]:
        """An array, read and proven at its first use. Raises BundleError when the member is not what its name says."""
        with self._lock:
            known = self._arrays.get(sha256)
            if known is None:
                data = self.read(sha256)
                try:
                    known = npy.decode(data, type, shape)
                except ValueError as error:
                    raise BundleError(f"array {sha256}: {error}") from None
                self._arrays[sha256] = known
        return known

    def read(self, sha256: str) -> bytes:
        """The bytes of an artifact, which have this sha256."""
        name = self._table[sha256]["member"]
        data = self._archive.read(name)
        found = hashlib.sha256(data).hexdigest()
        if found != sha256:
            raise BundleError(
                f"member {name}: its content has the sha256 {found}; the file was altered, get a fresh copy"
            )
        return data
