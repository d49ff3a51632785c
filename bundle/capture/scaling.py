"""scikit-learn's scalers and norms."""

from __future__ import annotations

import numpy as np

from ..operators import Affine, Clip, Normalize, Scale
from .registry import Reading, reads, spelled
from .state import State

__all__: list[str] = []

FAMILY = "scaling"


@reads(FAMILY, spelled("sklearn.preprocessing", ["_data"], "StandardScaler"))
def standard(state: State) -> Reading:
    center = state.vector("mean_") if state.get("with_mean") else None
    return Reading((Scale(center, state.vector("scale_") if state.get("with_std") else None),))


@reads(FAMILY, spelled("sklearn.preprocessing", ["_data"], "StandardScaler"), method="inverse_transform")
def standard_undone(state: State) -> Reading:
    return _undone(state, ("scale_", "with_std"), ("mean_", "with_mean"))


def _undone(state: State, scale: tuple[str, str], offset: tuple[str, str]) -> Reading:
    """x · scale + offset; each is an attribute, and the option that says whether it was used."""
    count = state.whole("n_features_in_")
    factors = state.vector(scale[0]) if state.get(scale[1]) else np.ones(count)
    return Reading((Affine(factors, state.vector(offset[0]) if state.get(offset[1]) else np.zeros(count)),))


@reads(FAMILY, spelled("sklearn.preprocessing", ["_data"], "RobustScaler"), method="inverse_transform")
def robust_undone(state: State) -> Reading:
    return _undone(state, ("scale_", "with_scaling"), ("center_", "with_centering"))


@reads(FAMILY, spelled("sklearn.preprocessing", ["_data"], "MinMaxScaler"), "clip too", method="inverse_transform")
def min_max_undone(state: State) -> Reading:
    return Reading((Scale(state.vector("min_"), state.vector("scale_")),))


@reads(FAMILY, spelled("sklearn.preprocessing", ["_data"], "MaxAbsScaler"), "clip=False", method="inverse_transform")
def max_abs_undone(state: State) -> Reading:
    factors = state.vector("scale_")
    return Reading((Affine(factors, np.zeros(len(factors))),))


@reads(FAMILY, spelled("sklearn.preprocessing", ["_data"], "RobustScaler"))
def robust(state: State) -> Reading:
    center = state.vector("center_") if state.get("with_centering") else None
    return Reading((Scale(center, state.vector("scale_") if state.get("with_scaling") else None),))


@reads(FAMILY, spelled("sklearn.preprocessing", ["_data"], "MaxAbsScaler"), "clip=False")
def max_abs(state: State) -> Reading:
    state.expect("clip", False, default=False)
    return Reading((Scale(None, state.vector("scale_")),))


@reads(FAMILY, spelled("sklearn.preprocessing", ["_data"], "MinMaxScaler"), "clip too")
def min_max(state: State) -> Reading:
    scaled = Affine(state.vector("scale_"), state.vector("min_"))
    if not state.get("clip", default=False):
        return Reading((scaled,))
    least, largest = state.get("feature_range")
    return Reading((scaled, Clip(float(least), float(largest))))


@reads(FAMILY, spelled("sklearn.preprocessing", ["_data"], "Normalizer"))
def normalizer(state: State) -> Reading:
    return Reading((Normalize(str(state.expect("norm", "l1", "l2", "max", default="l2"))),))


@reads(FAMILY, spelled("chemotools.scale", ["_norm_scaler"], "NormScaler"), "l_norm 1 or 2")
def chemotools_norm(state: State) -> Reading:
    return Reading((Normalize(f"l{state.expect('l_norm', 1, 2, default=2)}"),))


@reads(FAMILY, spelled("chemotools.scale", ["_pareto_scaler"], "ParetoScaler"))
def pareto(state: State) -> Reading:
    return Reading((Scale(state.vector("mean_"), state.vector("scale_")),))
