"""Read pickles of joblib and pickle by exact names: a list says which, everything else is refused by its name.

A pickle may call whatever it can name. Here it can name the fitted classes that capture knows, what numpy needs to make
an array, and nothing else; the classes of nirs4all are stood in for. Names are looked up as (module, name) pairs, never
by prefix, and a name with a dot in it, which could lead from a class to its surroundings, is not looked up at all.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Mapping
from importlib import import_module
from typing import Any, BinaryIO

import numpy
from joblib.numpy_pickle import NumpyArrayWrapper, NumpyUnpickler

from ..capture import READERS
from ..capture.flatten import PIPELINES
from ..capture.remains import remains
from ..errors import N4aError

__all__ = ["UnknownName", "load"]


class UnknownName(N4aError, ValueError):
    """A pickle that names something which is not on the list; nothing of it was run."""


class _Arrays(NumpyArrayWrapper):  # type: ignore[misc]
    """joblib's arrays, but for arrays of objects: those are pickles of their own, which nobody would look at."""

    def read_array(self, *arguments: Any, **options: Any) -> Any:
        if self.dtype.hasobject:
            raise UnknownName("an array of Python objects is pickled in it; only arrays of numbers are read")
        return super().read_array(*arguments, **options)


NUMPY: Mapping[tuple[str, str], tuple[str, str]] = {
    **{
        (f"{module}.multiarray", name): ("numpy._core.multiarray", name)
        for module in ("numpy.core", "numpy._core")
        for name in ("_reconstruct", "scalar")
    },
    ("numpy", "ndarray"): ("numpy", "ndarray"),
    ("numpy", "dtype"): ("numpy", "dtype"),
    ("numpy.core.numeric", "_frombuffer"): ("numpy._core.numeric", "_frombuffer"),
    ("numpy._core.numeric", "_frombuffer"): ("numpy._core.numeric", "_frombuffer"),
}
"""How numpy's arrays are named by numpy 1 and 2, and where they are found here."""

STOOD_IN = "nirs4all."


def _pairs() -> frozenset[tuple[str, str]]:
    return frozenset((name.rpartition(".")[0], name.rpartition(".")[2]) for name in (*READERS, *PIPELINES))


def _find(module: str, name: str) -> Any:
    pair = (module, name)
    if pair == ("joblib.numpy_pickle", "NumpyArrayWrapper"):
        return _Arrays
    if "." not in name and pair in NUMPY:
        found, there = NUMPY[pair]
        return getattr(import_module(_numpy(found)), there)
    if "." in name or pair not in _pairs():
        raise UnknownName(f"{module}.{name} is named in the pickle, and is not on the list of what may be loaded")
    return remains(module, name) if module.startswith(STOOD_IN) else getattr(import_module(module), name)


def _numpy(module: str) -> str:
    """Where numpy 1 keeps what numpy 2 has in `numpy._core`."""
    return module if int(numpy.__version__.partition(".")[0]) > 1 else module.replace("numpy._core", "numpy.core")


class _Unpickler(NumpyUnpickler):  # type: ignore[misc]
    def find_class(self, module: str, name: str) -> Any:
        return _find(module, name)


def load(data: bytes, name: str) -> Any:
    """The object in a file that joblib or pickle wrote, compressed with zlib or not; `name` is what errors call it.

    Raises UnknownName, naming it, for anything that is not on the list, and ValueError when it is no such file.
    """
    try:
        raw = zlib.decompress(data) if data[:1] == b"\x78" else data
        return _unpickler(name, io.BytesIO(raw)).load()
    except UnknownName as error:
        raise UnknownName(f"{name}: {error}") from None
    except Exception as error:  # the classes' own methods take part, and may raise anything
        raise ValueError(f"{name}: cannot be read: {type(error).__name__}: {error}") from error


def _unpickler(name: str, stream: BinaryIO) -> Any:
    try:
        return _Unpickler(name, stream, ensure_native_byte_order=True)
    except TypeError:  # joblib before 1.5
        return _Unpickler(name, stream)
