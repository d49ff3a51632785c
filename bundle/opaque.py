"""Pickled steps: the one place that unpickles anything, and only what the caller asked for by name."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import BundleError, InputError
from .runtime.replay import Opaque

__all__ = ["restore"]

Matrix = NDArray[np.float64]


def restore(artifacts: Mapping[str, bytes]) -> Opaque:
    """What pickled artifacts compute, by their sha256. Unpickling runs whatever code the pickle says.

    An artifact is a function of a matrix (n, w), or an object that predicts or transforms one. Raises BundleError when
    it cannot be unpickled here, or is neither.
    """
    return {sha256: _function(sha256, data) for sha256, data in artifacts.items()}


def _function(sha256: str, data: bytes) -> Callable[[Matrix], Matrix]:
    try:
        found = pickle.loads(data)
    except Exception as error:  # unpickling may raise anything: a module that is not installed here, for one
        raise BundleError(
            f"opaque artifact {sha256} cannot be unpickled here: {type(error).__name__}: {error}; "
            "it needs the environment in which it was saved"
        ) from error
    for method in ("predict", "transform"):
        if hasattr(found, method):
            return _answer(sha256, getattr(found, method))
    if not callable(found):
        raise BundleError(
            f"opaque artifact {sha256} is a {type(found).__name__}, expected something that predicts or transforms"
        )
    return _answer(sha256, found)


def _answer(sha256: str, compute: Any) -> Callable[[Matrix], Matrix]:
    def answer(x: Matrix) -> Matrix:
        try:
            # A copy: x is a register that the plan will use again, and foreign code may write to it or keep it.
            found = np.asarray(compute(x.copy()), dtype=np.float64)
        except Exception as error:  # foreign code may raise anything: in another version of its library, for one
            raise InputError(
                f"opaque artifact {sha256} fails on these spectra: {type(error).__name__}: {error!s:.300}"
            ) from error
        if found.shape[:1] != (len(x),):
            raise InputError(f"opaque artifact {sha256} answers {len(x)} spectra with an array of shape {found.shape}")
        return found.reshape(len(x), -1)

    return answer
