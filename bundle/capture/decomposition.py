"""Projections on fitted components."""

from __future__ import annotations

import numpy as np

from ..operators import Project
from .registry import Reading, reads, spelled
from .state import State

__all__: list[str] = []

FAMILY = "decomposition"


@reads(FAMILY, spelled("sklearn.decomposition", ["_pca"], "PCA"), "whiten too")
@reads(FAMILY, spelled("sklearn.decomposition", ["_incremental_pca"], "IncrementalPCA"), "whiten too")
def pca(state: State) -> Reading:
    spread = None
    if state.get("whiten", default=False):
        # scikit-learn's own floor under a component without variance.
        spread = np.maximum(np.sqrt(state.vector("explained_variance_")), np.finfo(np.float64).eps)
    return Reading((Project(state.table("components_"), state.vector("mean_"), None, spread),))


@reads(FAMILY, spelled("sklearn.decomposition", ["_truncated_svd"], "TruncatedSVD"))
def truncated_svd(state: State) -> Reading:
    return Reading((Project(state.table("components_")),))
