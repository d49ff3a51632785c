"""Projections on fitted components."""

from __future__ import annotations

import numpy as np

from ..lower.orthonormal import inner, inverse
from ..models import Kernel
from ..operators import Linear, Project
from .nested import nested
from .registry import Reading, reads, refuses, spelled
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


@reads(FAMILY, spelled("sklearn.random_projection", [], "GaussianRandomProjection"))
@reads(FAMILY, spelled("sklearn.decomposition", ["_truncated_svd"], "TruncatedSVD"))
def truncated_svd(state: State) -> Reading:
    return Reading((Project(state.table("components_")),))


@reads(FAMILY, spelled("sklearn.decomposition", ["_fastica"], "FastICA"), "whiten or not")
def independent_components(state: State) -> Reading:
    center = state.vector("mean_") if state.get("whiten") else None
    return Reading((Project(state.table("components_"), center),))


@reads(FAMILY, spelled("sklearn.decomposition", ["_factor_analysis"], "FactorAnalysis"))
def factors(state: State) -> Reading:
    """The mean of the factors given x: (x − mean)·(W/ψ)ᵀ·(I + (W/ψ)·Wᵀ)⁻¹ (Bishop 2006, ch. 12)."""
    components = state.table("components_")
    weighted = components / state.vector("noise_variance_")
    information = np.array([[inner(a, b) for b in weighted] for a in components])
    covariance = inverse(information + np.identity(len(components)))
    scores = Project(weighted, state.vector("mean_"))
    return Reading((scores, Linear(covariance, np.zeros(len(components)))))


@reads(FAMILY, spelled("sklearn.decomposition", ["_kernel_pca"], "KernelPCA"), "rbf, linear, poly and sigmoid")
def kernel_components(state: State) -> Reading:
    vectors, kind = state.table("X_fit_"), str(state.expect("kernel", "rbf", "linear", "poly", "sigmoid"))
    gamma = state.get("gamma_", "gamma")
    gamma = 1.0 / vectors.shape[1] if gamma is None else float(gamma)
    kernel = Kernel(kind, vectors, gamma, state.real("coef0"), state.real("degree"))
    centred = nested(state, "_centerer", state.get("_centerer"))
    values, directions = state.vector("eigenvalues_"), state.table("eigenvectors_").T
    # A component without variance answers 0, whatever the spectrum.
    spread = np.sqrt(np.where(values > 0.0, values, 1.0))
    return Reading((kernel, *centred, Project(directions * (values > 0.0)[:, None] / spread[:, None])))


@reads(FAMILY, spelled("sklearn.discriminant_analysis", [], "LinearDiscriminantAnalysis"), "as a step: svd and eigen")
def discriminants(state: State) -> Reading:
    count = state.whole("_max_components")
    solver = state.expect("solver", "svd", "eigen")
    components = state.finite("scalings_", np.asarray(state.get("scalings_"))[:, :count].T)
    return Reading((Project(components, state.vector("xbar_") if solver == "svd" else None),))


refuses(
    [
        *spelled("sklearn.decomposition", ["_nmf"], "NMF", "MiniBatchNMF"),
        *spelled("sklearn.decomposition", ["_sparse_pca"], "SparsePCA", "MiniBatchSparsePCA"),
        *spelled("sklearn.decomposition", ["_dict_learning"], "DictionaryLearning", "MiniBatchDictionaryLearning"),
        *spelled("sklearn.decomposition", ["_dict_learning"], "SparseCoder"),
        *spelled("sklearn.decomposition", ["_lda"], "LatentDirichletAllocation"),
    ],
    "it fits each spectrum anew, by as many rounds as that one takes, which no plan can do",
)
