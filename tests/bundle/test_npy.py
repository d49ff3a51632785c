"""Arrays in files: what numpy itself would write, and nothing else is read."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from n4akit.bundle import npy

ARRAYS = arrays(np.dtype("<f8"), array_shapes(min_dims=1, max_dims=2, min_side=1, max_side=9)) | arrays(
    np.dtype("<i4"), st.integers(1, 9)
)


@given(ARRAYS)
@settings(max_examples=60)
def test_a_file_is_the_one_numpy_writes_and_comes_back_to_the_last_bit(array: np.ndarray) -> None:
    stream = io.BytesIO()
    np.save(stream, array)
    data = npy.encode(array)
    assert data == stream.getvalue()
    again = npy.decode(data, array.dtype.str, array.shape)
    assert again.tobytes() == array.tobytes() and not again.flags.writeable
    assert len(data) == npy.size(array.dtype.str, array.shape)


def test_the_largest_shapes_fit_the_header() -> None:
    wide = np.lib.stride_tricks.as_strided(np.zeros(1), (2**24, 2**24), (0, 0))
    assert npy.size("<f8", wide.shape) == npy.HEADER + 8 * 2**48
    with pytest.raises(ValueError, match="header"):
        npy.decode(b"", "<f8", wide.shape)


def test_order_and_byte_order_in_memory_do_not_matter() -> None:
    array = np.arange(6.0).reshape(2, 3)
    assert npy.encode(np.asfortranarray(array)) == npy.encode(array.astype(">f8")) == npy.encode(array)


def saved(array: np.ndarray, **options: bool) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        saved(np.array([[None, 1.0]]), allow_pickle=True),
        saved(np.asfortranarray(np.ones((2, 3)))),
        saved(np.ones((2, 3), dtype=">f8")),
        saved(np.ones((3, 2))),
        saved(np.ones((2, 3)))[:-1],
        saved(np.ones((2, 3))) + b"\0",
        saved(np.ones((2, 3))).replace(b"(2, 3)", b"(1000000000000,)"),
        saved(np.ones((2, 3))).replace(b"NUMPY\x01", b"NUMPY\x02"),
        b"",
    ],
    ids=["objects", "fortran", "big-endian", "shape", "short", "long", "giant", "version", "empty"],
)
def test_any_other_file_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="expected"):
        npy.decode(data, "<f8", (2, 3))
