"""What intensities mean, and how large they are: absorbance, Kubelka–Munk, logarithms; areas, ranges, single points."""

from __future__ import annotations

import math

import numpy as np

from ..lower.ratios import trapezoid
from ..models import Activation
from ..operators import Affine, Clip, Operators, Scale
from ..preprocessing import PercentileSNV, Pointwise, Range, Ratio
from .nested import nested
from .registry import Reading, reads, spelled
from .state import State

__all__: list[str] = []

FAMILY = "intensities"
OURS = "n4akit.bundle.transformers"
NIRS4ALL = "nirs4all.operators.transforms"
SIGNALS = f"{NIRS4ALL}.signal_conversion"


def times(factor: float, offset: float = 0.0) -> Affine:
    """The same factor and offset for every point."""
    return Affine(np.array([factor]), np.array([offset]))


PERCENT = times(0.01)


@reads(FAMILY, spelled(OURS, ["intensities"], "Absorbance"))
def absorbance(state: State) -> Reading:
    return Reading((Pointwise("absorbance"),))


@reads(FAMILY, spelled(OURS, ["intensities"], "Reflectance"))
def reflectance(state: State) -> Reading:
    return Reading((Pointwise("reflectance"),))


@reads(FAMILY, spelled(OURS, ["intensities"], "KubelkaMunk"))
def kubelka_munk(state: State) -> Reading:
    return Reading((Pointwise("kubelka_munk"),))


@reads(FAMILY, spelled(OURS, ["intensities"], "RangeNormalization"))
def range_normalization(state: State) -> Reading:
    return Reading((Range(),))


@reads(FAMILY, spelled(OURS, ["intensities"], "AreaNormalization"))
def area_normalization(state: State) -> Reading:
    return Reading((Ratio("area"),))


CONVERSIONS = {
    ("absorbance", "transmittance"): "reflectance",
    ("transmittance", "absorbance"): "absorbance",
    ("reflectance", "kubelka_munk"): "kubelka_munk",
    ("kubelka_munk", "reflectance"): "reflectance_of_kubelka_munk",
    ("reflectance", "pseudoabsorbance"): "absorbance",
    ("pseudoabsorbance", "reflectance"): "reflectance",
}


@reads(FAMILY, spelled("chemotools.physics", ["_intensity_conversion"], "IntensityConversion"))
def chemotools_conversion(state: State) -> Reading:
    asked = (state.get("input_unit"), state.get("output_unit"))
    if asked not in CONVERSIONS:
        raise state.refuse(f"from {asked[0]!r} to {asked[1]!r} is not supported")
    return Reading((Pointwise(CONVERSIONS[asked]),))


@reads(FAMILY, [f"{SIGNALS}.ToAbsorbance"], "from reflectance and transmittance, percent too")
def to_absorbance(state: State) -> Reading:
    least = state.real("epsilon") if state.get("clip_negative") else -math.inf
    state.ignore("source_type", "source_type_")
    return Reading((*_fractions(state), Clip(least, math.inf), Pointwise("absorbance")))


def _fractions(state: State) -> Operators:
    return (PERCENT,) if state.expect("is_percent_", False, True) else ()


@reads(FAMILY, [f"{SIGNALS}.FromAbsorbance"], "to reflectance and transmittance, percent too")
def from_absorbance(state: State) -> Reading:
    state.ignore("target_type", "target_type_")
    percent = (times(100.0),) if state.expect("is_percent_", False, True) else ()
    return Reading((Pointwise("reflectance"), *percent))


@reads(FAMILY, [f"{SIGNALS}.KubelkaMunk"], "percent too")
def nirs4all_kubelka_munk(state: State) -> Reading:
    least = state.real("epsilon")
    state.ignore("source_type", "source_type_")
    return Reading((*_fractions(state), Clip(least, 1.0 - least), Pointwise("kubelka_munk")))


@reads(FAMILY, [f"{SIGNALS}.PercentToFraction"])
def percent_to_fraction(state: State) -> Reading:
    return Reading((PERCENT,))


@reads(FAMILY, [f"{SIGNALS}.FractionToPercent"])
def fraction_to_percent(state: State) -> Reading:
    return Reading((times(100.0),))


@reads(FAMILY, [f"{SIGNALS}.SignalTypeConverter"])
def signal_converter(state: State) -> Reading:
    operators: Operators = ()
    for number, transformer in enumerate(state.get("transformers_")):
        operators += nested(state, f"transformers_[{number}]", transformer)
    return Reading(operators)


@reads(FAMILY, [f"{NIRS4ALL}.nirs.ReflectanceToAbsorbance"], "percent too")
def reflectance_to_absorbance(state: State) -> Reading:
    percent = (PERCENT,) if state.flag("percent", default=False) else ()
    return Reading((*percent, Clip(state.real("min_value"), math.inf), Pointwise("absorbance")))


@reads(FAMILY, [f"{NIRS4ALL}.nirs.LogTransform"], "every base")
def log_transform(state: State) -> Reading:
    raised = times(1.0, state.real("_fitted_offset"))
    held, factor = Clip(state.real("min_value"), math.inf), 1.0 / math.log(state.real("base"))
    return Reading((raised, held, Pointwise("log"), times(factor)))


@reads(FAMILY, [f"{NIRS4ALL}.nirs.AreaNormalization"], "sum, abs_sum and trapz")
def nirs4all_area(state: State) -> Reading:
    method = state.expect("method", "sum", "abs_sum", "trapz")
    return Reading((Ratio("area" if method == "trapz" else "sum", absolute=method == "abs_sum"),))


@reads(FAMILY, spelled("chemotools.scale", ["_min_max_scaler"], "MinMaxScaler"), "each spectrum by itself")
def chemotools_range(state: State) -> Reading:
    return Reading((Range(state.flag("use_min", default=True)),))


@reads(FAMILY, spelled("chemotools.scale", ["_point_scaler"], "PointScaler"))
def chemotools_point(state: State) -> Reading:
    weights = np.zeros(state.whole("n_features_in_"))
    weights[state.whole("point_index_")] = 1.0
    return Reading((Ratio(weights),))


@reads(FAMILY, spelled("chemotools.scale", ["_band_scaler"], "BandScaler"), "mean and area, baseline or not")
def chemotools_band(state: State) -> Reading:
    """The mean or the area of a band is a weighted sum of its points, and so is that of the line through its ends."""
    width, axis = state.whole("n_features_in_"), state.get("axis_values_")
    band = slice(state.whole("start_index_"), state.whole("end_index_"))
    positions = np.arange(float(width))[band] if axis is None else state.vector("axis_values_")[band]
    if state.expect("aggregation", "mean", "area") == "mean":
        inside = np.full(len(positions), 1.0 / len(positions))
    else:
        inside = trapezoid(positions)
    if state.get("baseline_correction"):
        share = (positions - positions[0]) / (positions[-1] - positions[0])
        line = np.array([(inside * (1.0 - share)).sum(), (inside * share).sum()])
        inside[[0, -1]] -= line
    weights = np.zeros(width)
    weights[band] = inside
    # What numpy.isclose takes for 0.
    return Reading((Ratio(weights, least=1e-8),))


@reads(FAMILY, spelled("chemotools.scatter", ["_robust_normal_variate"], "RobustNormalVariate"))
def chemotools_robust(state: State) -> Reading:
    return Reading((PercentileSNV(state.real("percentile"), state.real("epsilon")),))


@reads(FAMILY, spelled("chemotools.baseline", ["_non_negative"], "NonNegative"))
def chemotools_non_negative(state: State) -> Reading:
    return Reading((Activation("relu") if state.expect("mode", "zero", "abs") == "zero" else Pointwise("abs"),))


@reads(FAMILY, [f"{NIRS4ALL}.scalers.Normalize"], "each point by its norm or its range")
def nirs4all_normalize(state: State) -> Reading:
    if "linalg_norm_" in state.values:
        return Reading((Scale(None, state.vector("linalg_norm_")),))
    least, largest = (float(v) for v in state.get("feature_range"))
    low, high = state.vector("min_"), state.vector("max_")
    return Reading((Scale(low, high - low), times(largest - least, least)))


@reads(FAMILY, [f"{NIRS4ALL}.scalers.SimpleScale"])
def nirs4all_range(state: State) -> Reading:
    low, high = state.vector("min_"), state.vector("max_")
    return Reading((Scale(low, high - low),))
