"""What the folds of a chain predicted for samples that they had not seen: how far its predictions are off."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..bundle.chain import Chain
from ..bundle.domain import Validation
from .database import look_up
from .reading import Reading

__all__ = ["left_out"]

QUERY = """
    SELECT y_true, y_pred, sample_indices FROM predictions JOIN prediction_arrays USING (prediction_id)
    WHERE chain_id = ? AND "partition" = 'val' AND regexp_full_match(fold_id, '[0-9]+')
    ORDER BY predictions.seq
"""
"""Folds have numbers; averages and the final model have names, and have seen these samples."""


def left_out(desk: Reading, chain_id: str, chain: Chain) -> Validation | None:
    """The validation predictions that are recorded for a chain with their arrays, or None where there are none.

    A sample that several folds left out, as in repeated cross-validation, counts once if its indices are recorded.
    """
    if chain.classes is not None:
        return None
    with desk.database() as connection:
        rows = look_up(connection, QUERY, chain_id).fetchall()
    shape = (-1, len(chain.targets))
    known, found, samples = [], [], []
    for y_true, y_pred, indices in rows:
        pair = [np.array(values or (), dtype=np.float64) for values in (y_true, y_pred)]
        if not len(pair[0]) or len(pair[0]) != len(pair[1]) or len(pair[0]) % shape[1]:
            continue
        known.append(pair[0].reshape(shape))
        found.append(pair[1].reshape(shape))
        samples.append(indices if indices and len(indices) == len(known[-1]) else None)
    if not known:
        return None
    # Numbers of samples mean something only where all have them.
    groups = None if None in samples else [index for indices in samples for index in indices or ()]
    references, predictions = np.concatenate(known), np.concatenate(found)
    finite: NDArray[np.bool_] = np.isfinite(np.concatenate([references, predictions], axis=1)).all(axis=1)
    if not finite.any():
        return None
    kept = None if groups is None else [group for group, good in zip(groups, finite.tolist(), strict=True) if good]
    return Validation(references[finite], predictions[finite], kept)
