"""Pickled steps: the one place that unpickles anything, and only what the caller asked for by name."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import BundleError
from .runtime.replay import Opaque

__all__ = ["restore"]

Matrix = NDArray[np.float64]


def restore(artifacts: Mapping[str, bytes]) -> Opaque:
    """What pickled artifacts compute, by their sha256. Unpickling runs whatever code the pickle says.

    An artifact is a function of a matrix (n, w), or an object that predicts or transforms one. Raises BundleError when
    it cannot be unpickled here, or is neither.
    """
    return {sha256: _function(sha256, data) for sha256, data in artifacts.items()}


def _function(sha256: str, data: bytes) -> Any:
    try:
        found = pickle.loads(data)
    except Exception as error:  # unpickling may raise anything: a module that is not installed here, for one
        raise BundleError(
            f"opaque artifact {sha256} cannot be unpickled here: {type(error).__name__}: {error}; "
            "it needs the environment in which it was saved"
        ) from error
    for method in ("predict", "transform"):
        if hasattr(found, method):
            return _as_matrix(getattr(found, method))
    if not callable(found):
        raise BundleError(
            f"opaque artifact {sha256} is a {type(found).__name__}, expected something that predicts or transforms"
        )
    return _as_matrix(found)


def _as_matrix(compute: Any) -> Any:
    # A copy: what comes in is a register that the plan will use again, and foreign code may write to it or keep it.
    return lambda x: np.asarray(compute(x.copy()), dtype=np.float64).reshape(len(x), -1)
