"""What cannot be told as data: carried as a pickle, when the caller asks for that."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from ..operators import Opaque
from .state import State
from .verify import ask

__all__ = ["carry"]


def carry(state: State, rows: NDArray[np.float64], method: str) -> tuple[Opaque, bytes, NDArray[np.float64]]:
    """The operator, the pickle of the bound method it stands for, and what it makes of the rows."""
    import cloudpickle  # not everywhere: old environments capture too, as data

    compute = getattr(state.live, method, None)
    if compute is None:
        raise state.refuse(f"it has no {method}, and cannot be carried as a pickle either")
    try:
        pickled = cloudpickle.dumps(compute)
    except Exception as error:  # pickling runs the object's own code, which may raise anything
        raise state.refuse(f"it cannot be pickled: {error}") from error
    answer = ask(state, rows, method)
    return Opaque(hashlib.sha256(pickled).hexdigest(), answer.shape[1]), pickled, answer
