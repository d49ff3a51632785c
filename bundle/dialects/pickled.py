"""Files of joblib and pickle as people have them: what is in one, and which scikit-learn wrote it."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import re
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import joblib

from ..capture.origin import ROUTE
from ..errors import CaptureError
from .unpickler import UnknownName, load

__all__ = ["unpickle", "written_by"]

COMPRESSED: Mapping[bytes, Callable[[bytes], bytes]] = {
    b"\x78": zlib.decompress,
    b"\x1f\x8b": gzip.decompress,
    b"BZh": bz2.decompress,
    b"\xfd7zXZ": lzma.decompress,
    b"\x5d\x00\x00": lzma.decompress,
}
"""By their first bytes, the ways in which joblib packs what it writes."""

VERSION = re.compile(
    rb"_sklearn_version"
    rb"(?:\x94|q.|r.{4}|\np\d+\n)?"  # it is remembered: by a pickle of protocol 4, 2, 0
    rb"(?:\x95.{8})?"  # a frame may begin here
    rb"(?:\x8c(?P<short>.)|X(?P<long>.{4})|V(?P<line>[^\n]*))",  # the text, after its length or up to its line's end
    re.DOTALL,
)
"""Where a pickle says which scikit-learn wrote it. Its own object forgets it when it is loaded."""


def unpickle(path: str | os.PathLike[str], *, trust: bool = False) -> tuple[Any, dict[str, str]]:
    """The fitted object in a file, and what the file says of the environment that wrote it.

    Only what is on the list of exact names is loaded, unless you `trust` the file: then it may run whatever it says.
    Raises UnknownName for what is not on the list, and CaptureError when the file cannot be read here.

        model, environment = unpickle("model.joblib")
        chain = from_sklearn(model, environment=environment)
    """
    raw, name = _unpacked(Path(path).read_bytes()), os.fspath(path)
    version = written_by(raw)
    try:
        found = joblib.load(io.BytesIO(raw)) if trust else load(raw, name)
    except UnknownName:
        raise
    except Exception as error:  # unpickling may raise anything: a class that has moved since, for one
        writer = f"scikit-learn {version} wrote it" if version else "it does not say what wrote it"
        raise CaptureError(
            f"{name}: cannot be read here: {type(error).__name__}: {error}; {writer}: {ROUTE}"
        ) from error
    return found, {} if version is None else {"scikit-learn": version}


def written_by(data: bytes) -> str | None:
    """The version of scikit-learn that wrote a pickle; None when there is no object of it inside. Nothing is loaded."""
    found = VERSION.search(data)
    if found is None:
        return None
    length = int.from_bytes(found["short"] or found["long"] or b"", "little")
    text = data[found.end() : found.end() + length] if found["line"] is None else found["line"]
    return text.decode("utf-8", "replace")


def _unpacked(data: bytes) -> bytes:
    for start, unpack in COMPRESSED.items():
        if data.startswith(start):
            return unpack(data)
    return data
