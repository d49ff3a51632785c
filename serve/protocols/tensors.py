"""Tensors of the Open Inference Protocol: as JSON, and as the bytes of its binary extension.

Bytes are little-endian and in row order; a text is preceded by its length in four bytes.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..errors import BadRequest
from .numbers import flat

__all__ = ["DATATYPES", "InputTensor", "as_bytes", "as_list", "datatype_of", "numbers", "texts"]

DATATYPES: dict[str, np.dtype[Any]] = {"FP64": np.dtype("<f8"), "FP32": np.dtype("<f4"), "INT64": np.dtype("<i8")}

_lists = msgspec.json.Decoder(list[Any]).decode


class InputTensor(msgspec.Struct, forbid_unknown_fields=True):
    """A tensor of a request."""

    name: str
    shape: list[int]
    datatype: str
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    """Its values in row order, in lists in lists or in one."""
    parameters: dict[str, str | int | float | bool] = {}
    """`binary_data_size` where its values are in the bytes behind the JSON."""


def numbers(tensor: InputTensor, binary: memoryview | None, axes: int) -> NDArray[np.float64]:
    """The values of a tensor of FP64 or FP32 with so many axes. Raises BadRequest naming the tensor."""
    name = tensor.name
    if tensor.datatype not in ("FP64", "FP32"):
        raise BadRequest(f"input {name!r}: the datatype is {tensor.datatype[:20]!r}, expected FP64 or FP32")
    shape = _shape(tensor, axes)
    type = DATATYPES[tensor.datatype]
    if binary is not None:
        expected = math.prod(shape) * type.itemsize
        if len(binary) != expected:
            raise BadRequest(
                f"input {name!r}: {len(binary)} bytes were given, expected {expected} for {tensor.datatype} of {shape}"
            )
        # They lie behind JSON, wherever that ends: the replay aligns what it reads, block by block.
        return np.frombuffer(binary, type).astype(np.float64, copy=False).reshape(shape)
    values = _values(tensor)
    if len(values) != math.prod(shape):
        raise BadRequest(f"input {name!r}: {len(values)} values were given, expected those of the shape {shape}")
    if type.itemsize == 4:
        with np.errstate(over="ignore"):  # an infinity is refused by its place
            values = values.astype(type).astype(np.float64)
    return values.reshape(shape)


def texts(tensor: InputTensor, binary: memoryview | None) -> list[str]:
    """The values of a tensor of BYTES with one axis, as text. Raises BadRequest naming the tensor."""
    if tensor.datatype != "BYTES":
        raise BadRequest(f"input {tensor.name!r}: the datatype is {tensor.datatype[:20]!r}, expected BYTES")
    (count,) = _shape(tensor, 1)
    try:
        found = _split(binary) if binary is not None else msgspec.json.decode(_data(tensor), type=list[str])
    except (msgspec.MsgspecError, UnicodeDecodeError, struct.error):
        raise BadRequest(f"input {tensor.name!r}: its data are no list of texts in UTF-8") from None
    if len(found) != count:
        raise BadRequest(f"input {tensor.name!r}: {len(found)} texts were given, expected {count} as its shape says")
    return found


def _shape(tensor: InputTensor, axes: int) -> list[int]:
    if len(tensor.shape) != axes or any(n < 1 for n in tensor.shape):
        raise BadRequest(f"input {tensor.name!r}: the shape is {tensor.shape[:9]}, expected {axes} of at least 1")
    return tensor.shape


def _data(tensor: InputTensor) -> bytes:
    if tensor.data is msgspec.UNSET:
        raise BadRequest(f"input {tensor.name!r}: there are no data, expected data or binary_data_size")
    return bytes(tensor.data)


def _values(tensor: InputTensor) -> NDArray[np.float64]:
    text = _data(tensor)
    found = flat(text)
    if found is not None:
        return found
    try:
        values = _flattened(_lists(text))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise BadRequest(f"input {tensor.name!r}: its data are no list of numbers") from None
    for place, value in enumerate(values):
        if type(value) not in (int, float):
            kind = {str: "text", bool: "a truth value", type(None): "null"}.get(type(value), "an object")
            raise BadRequest(f"input {tensor.name!r}: {_where(place, tensor.shape)} is {kind}, expected a number")
    try:
        return np.array([float(value) for value in values], dtype=np.float64)
    except OverflowError:
        raise BadRequest(f"input {tensor.name!r}: a number is out of range") from None


def _where(place: int, shape: Sequence[int]) -> str:
    """A value's place as people count it."""
    width = shape[-1] if len(shape) > 1 else 0
    return f"row {place // width + 1}, point {place % width + 1}" if width > 0 else f"value {place + 1}"


def _flattened(values: list[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if isinstance(value, list):
            found += _flattened(value)
        else:
            found.append(value)
    return found


def _split(binary: memoryview) -> list[str]:
    found, place = [], 0
    while place < len(binary):
        (length,) = struct.unpack_from("<I", binary, place)
        place += 4 + length
        if place > len(binary):
            raise struct.error("a text has no end")
        found.append(str(binary[place - length : place], "utf-8"))
    return found


def datatype_of(values: NDArray[Any]) -> str:
    """What an array is in the protocol's words."""
    kind = values.dtype.kind
    return "FP64" if kind == "f" else "INT64" if kind in "iu" else "BYTES"


def as_list(values: NDArray[Any]) -> list[Any]:
    """The values in one list, for JSON, which has no NaN: null is one."""
    if values.dtype.kind == "f":
        found = values.reshape(-1).tolist()
        return found if np.isfinite(values).all() else [None if value != value else value for value in found]
    if values.dtype.kind in "iu":
        return list(values.reshape(-1).tolist())
    return _labels(values)


def as_bytes(values: NDArray[Any]) -> bytes:
    """The values as the binary extension has them."""
    if values.dtype.kind in "fiu":
        return np.ascontiguousarray(values, dtype=DATATYPES[datatype_of(values)]).tobytes()
    encoded = [label.encode() for label in _labels(values)]
    return b"".join(struct.pack("<I", len(label)) + label for label in encoded)


def _labels(values: NDArray[Any]) -> list[str]:
    return ["" if label is None else str(label) for label in values.reshape(-1).tolist()]
