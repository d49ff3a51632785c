"""One array as an `.npy` file (version 1.0), written in one way only: 128 bytes of header, then the values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["HEADER", "decode", "encode", "size"]

HEADER = 128
"""Bytes before the values: what numpy itself writes for such arrays."""


def encode(array: NDArray[Any]) -> bytes:
    """The file of an array: values in C order, little-endian."""
    values = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return _header(values.dtype.str, array.shape) + values.tobytes()


def size(type: str, shape: tuple[int, ...]) -> int:
    """Bytes of the file of such an array."""
    return HEADER + np.dtype(type).itemsize * math.prod(shape)


def decode(data: bytes, type: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """The array of a file, read-only, nothing copied. Raises ValueError unless it has this type and shape."""
    if data[:HEADER] != _header(type, shape):
        raise ValueError(f"header {data[:HEADER]!r}, expected that of {type} values of shape {shape}")
    if len(data) != size(type, shape):
        raise ValueError(f"{len(data)} bytes, expected {size(type, shape)} for {type} values of shape {shape}")
    return np.frombuffer(data, dtype=type, offset=HEADER).reshape(shape)


def _header(type: str, shape: tuple[int, ...]) -> bytes:
    text = f"{{'descr': '{type}', 'fortran_order': False, 'shape': {shape}, }}"
    length = HEADER - 10
    return b"\x93NUMPY\x01\x00" + length.to_bytes(2, "little") + text.ljust(length - 1).encode("ascii") + b"\n"
