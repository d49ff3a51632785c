"""numpy's own file of one array: spectra (n, p) in, values (n,) or (n, t) out. Nothing is ever unpickled."""

from __future__ import annotations

import ast
import math
import re
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...bundle import Bundle, Result
from ...bundle.npy import encode as as_file
from ..errors import BadRequest
from .question import Question, Table

__all__ = ["MEDIA_TYPE", "array_of", "encode", "float64", "read"]

MEDIA_TYPE = "application/x-npy"

LONGEST = 4096
"""The header of a plain array takes 118 bytes; a longer one than this is no such array."""
MOST = 1 << 48
"""No file has so many rows or points; and a number of thousands of digits is no text."""
DESCR = re.compile(r"[<>|=]?([fiu])([1248])")


def read(data: bytes, missing: bool, largest: int) -> Table:
    """The spectra in the bytes of a file. Raises BadRequest for another kind of array than n spectra of p numbers."""
    return Table(float64(array_of(data)))


def array_of(data: bytes) -> NDArray[Any]:
    """The array, nothing copied; of two axes and of numbers."""
    if data[:6] != b"\x93NUMPY":
        raise BadRequest("the body is not an npy file: it does not begin with \\x93NUMPY")
    major = data[6] if len(data) > 6 else 0
    if major not in (1, 2, 3):
        raise BadRequest(f"npy: version {major} is not known, expected 1, 2 or 3")
    start = 10 if major == 1 else 12
    length = int.from_bytes(data[8:start], "little")
    if length > LONGEST or len(data) < start + length:
        raise BadRequest(f"npy: the header says that it has {length} bytes, expected that of a plain array")
    type, columns, shape = _header(data[start : start + length])
    expected, found = np.dtype(type).itemsize * math.prod(shape), len(data) - start - length
    if expected != found:
        raise BadRequest(f"npy: {found} bytes of values, expected {expected} for {type} of shape {shape}")
    if not shape[0]:
        raise BadRequest("npy: no rows were given, expected at least one")
    if not shape[1]:
        raise BadRequest("npy: rows of no values were given, expected a value for each point")
    return np.frombuffer(data, dtype=type, offset=start + length).reshape(shape, order="F" if columns else "C")


@lru_cache(16)  # it is read as Python, which takes as long as a hundred predictions
def _header(text: bytes) -> tuple[str, bool, tuple[int, int]]:
    try:
        said = ast.literal_eval(text.decode("latin-1"))
        type, columns, shape = said["descr"], said["fortran_order"], said["shape"]
    except (ValueError, SyntaxError, TypeError, KeyError, RecursionError, MemoryError):
        raise BadRequest("npy: the header cannot be read, expected descr, fortran_order and shape") from None
    fits = DESCR.fullmatch(type) if isinstance(type, str) else None
    if fits is None or fits.groups() == ("f", "1"):
        raise BadRequest(
            f"npy: values of type {str(type)[:40]!r} were given, expected floats or integers, as in '<f8'; "
            "objects are never unpickled"
        )
    if not isinstance(shape, tuple) or len(shape) != 2 or not all(isinstance(n, int) and 0 <= n < MOST for n in shape):
        raise BadRequest(f"npy: an array of shape {str(shape)[:60]} was given, expected two axes: (n, p)")
    return type, columns is True, shape


def float64(array: NDArray[Any]) -> NDArray[np.float64]:
    """Numbers of any type that float64 holds exactly. Raises BadRequest where it does not."""
    if array.dtype.kind in "iu" and array.dtype.itemsize == 8 and array.size:
        largest = max(int(array.max()), -int(array.min()))
        if largest > 2**53:
            raise BadRequest(
                "spectra: integers beyond 2**53 were given, which float64 cannot hold exactly; give floats"
            )
    return np.require(array, "<f8", ["C", "A"])


def encode(model: str, bundle: Bundle, question: Question, result: Result, contributions: Any = None) -> bytes:
    """The values alone; of a classifier its labels. What has no prediction is NaN, or the empty text."""
    values = result.values
    if values.dtype.kind in "OSU":
        labels = values.reshape(-1).tolist()
        values = np.array(["" if label is None else str(label) for label in labels], dtype=np.str_)
    return as_file(values)
