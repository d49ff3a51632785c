"""Write down what the real transformers of chemotools and nirs4all hold and answer, for tests that have neither.

Run where they are installed (PACKAGE is one of the two):
python tests/bundle/capture/record_foreign.py PACKAGE >> tests/bundle/capture/foreign.jsonl
"""

from __future__ import annotations

import csv
import importlib
import json
import sys
import warnings
from collections.abc import Iterator
from enum import Enum
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.cross_decomposition import PLSRegression

TECATOR = Path(__file__).parents[3] / "templates" / "data" / "tecator.csv"
ROWS = 2
"""So many spectra, every eighth point of them, are kept with what they became."""

with TECATOR.open(newline="", encoding="utf-8") as file:
    table = np.array([line[1:] for line in list(csv.reader(file))[1:]], dtype=np.float64)
FAT, X = table[:, 1], np.ascontiguousarray(table[:, 3::8])
P = X.shape[1]
AXIS = np.linspace(850.0, 1042.0, P)
OTHER = 1.1 * X + 0.01 * np.roll(X, 1, axis=0)
RAMP = np.linspace(0.5, 2.0, P)
WAVES = np.sin(np.arange(P) / 3.0).reshape(1, -1)
R = X / 6.0
PLS = PLSRegression(3).fit(X, FAT)

Case = tuple[str, dict[str, Any], dict[str, Any], Any]
"""A class in its module, its parameters, what `fit` gets besides spectra and targets, and the spectra."""


def chemotools() -> Iterator[Case]:
    options: dict[str, Any]
    yield "adaptation.DirectStandardization", {}, {"X_source": OTHER}, X
    yield "adaptation.DirectStandardization", {}, {}, X
    for storage in ("band", "dense"):
        options = {"window_length": 3, "n_components": 2, "storage": storage}
        yield "adaptation.PiecewiseDirectStandardization", options, {"X_source": OTHER}, X
    for with_std in (False, True):
        options = {"n_components": 4, "with_std": with_std}
        yield "adaptation.SpectralSpaceTransform", options, {"X_source": OTHER}, X
    yield "baseline.ConstantBaselineCorrection", {"start": 2, "end": 5}, {}, X
    yield "baseline.ConstantBaselineCorrection", {"start": 870, "end": 900, "x_axis": AXIS}, {}, X
    for indices in (None, [0, 6, 12], [0, 3, 7, 9, 12]):
        yield "baseline.CubicSplineCorrection", {"indices": indices}, {}, X
    yield "baseline.LinearCorrection", {}, {}, X
    yield "baseline.NonNegative", {}, {}, X - 3.0
    yield "baseline.NonNegative", {"mode": "abs"}, {}, X - 3.0
    yield "baseline.PolynomialCorrection", {"order": 2}, {}, X
    yield "baseline.PolynomialCorrection", {"order": 2, "indices": [0, 2, 5, 9, 12]}, {}, X
    yield "baseline.SubtractReference", {}, {}, X
    yield "baseline.SubtractReference", {"reference": X[0]}, {}, X
    yield "baseline.SubtractReference", {"reference": X[0], "scale_reference": True, "start": 2, "end": 9}, {}, X
    yield "derivative.NorrisWilliams", {"window_length": 3, "gap_size": 3}, {}, X
    yield "derivative.SavitzkyGolay", {"window_length": 5, "polyorder": 2}, {}, X
    for one, other in (
        ("absorbance", "transmittance"),
        ("reflectance", "kubelka_munk"),
        ("reflectance", "pseudoabsorbance"),
    ):
        yield "physics.IntensityConversion", {"input_unit": one, "output_unit": other}, {}, R
        yield "physics.IntensityConversion", {"input_unit": other, "output_unit": one}, {}, R
    yield "projection.DirectOrthogonalization", {"n_components": 2}, {}, X
    yield "projection.ExternalParameterOrthogonalization", {}, {}, X
    yield "projection.ExternalParameterOrthogonalization", {"n_components": 2}, {"X_external": X[:30]}, X
    yield "projection.OrthogonalPLS", {"n_components": 2}, {}, X
    for method in ("wold", "sjoblom", "fearn"):
        yield "projection.OrthogonalSignalCorrection", {"n_components": 2, "method": method}, {}, X
    for baseline in (False, True):
        yield "scale.BandScaler", {"start": 3, "end": 9, "baseline_correction": baseline}, {}, X
        options = {"start": 870, "end": 1000, "x_axis": AXIS, "aggregation": "area", "baseline_correction": baseline}
        yield "scale.BandScaler", options, {}, X
    yield "scale.MinMaxScaler", {}, {}, X
    yield "scale.MinMaxScaler", {"use_min": False}, {}, X
    yield "scale.NormScaler", {}, {}, X
    yield "scale.ParetoScaler", {}, {}, X
    yield "scale.PointScaler", {"point": 3}, {}, X
    yield "scale.PointScaler", {"point": 900, "x_axis": AXIS}, {}, X
    yield "scatter.ExtendedMultiplicativeScatterCorrection", {}, {}, X
    options = {"order": 3, "weights": RAMP, "interferences": WAVES}
    yield "scatter.ExtendedMultiplicativeScatterCorrection", options, {}, X
    yield "scatter.MultiplicativeScatterCorrection", {}, {}, X
    yield "scatter.MultiplicativeScatterCorrection", {"weights": RAMP}, {}, X
    yield "scatter.RobustNormalVariate", {}, {}, X
    yield "scatter.RobustNormalVariate", {"percentile": 50, "epsilon": 0.0}, {}, X
    yield "scatter.StandardNormalVariate", {}, {}, X
    for mode in ("nearest", "mirror", "wrap", "reflect", "constant"):
        yield "smooth.MeanFilter", {"window_length": 4 if mode == "mirror" else 3, "mode": mode}, {}, X
    for mode in ("nearest", "mirror", "wrap", "constant", "interp"):
        yield "smooth.ModifiedSincFilter", {"window_length": 9, "mode": mode}, {}, X
        yield "smooth.SavitzkyGolayFilter", {"window_length": 5, "polyorder": 2, "mode": mode}, {}, X
    yield "smooth.WhittakerSmooth", {"lam": 5.0}, {}, X
    yield "smooth.WhittakerSmooth", {"lam": 50.0, "weights": RAMP}, {}, X
    yield "feature_selection.SRSelector", {"model": PLS}, {}, X
    yield "feature_selection.VIPSelector", {"model": PLS}, {}, X
    yield "feature_selection.RangeCut", {"start": 3, "end": 10}, {}, X
    yield "feature_selection.IndexSelector", {"features": [1, 5, 9]}, {}, X
    for refused in ("AirPls", "ArPls", "AsLs", "RubberbandCorrection"):
        yield f"baseline.{refused}", {}, {}, X
    yield "smooth.MedianFilter", {}, {}, X


def nirs4all() -> Iterator[Case]:
    options: dict[str, Any]
    for name in ("StandardNormalVariate", "RobustStandardNormalVariate", "Normalize", "Derivate", "SimpleScale"):
        yield f"scalers.{name}", {}, {}, X
    yield "scalers.LocalStandardNormalVariate", {"window": 5}, {}, X
    yield "scalers.LocalStandardNormalVariate", {"window": 3, "pad_mode": "edge"}, {}, X
    yield "scalers.LocalStandardNormalVariate", {"window": 3, "pad_mode": "constant", "constant_values": 2.0}, {}, X
    yield "scalers.Normalize", {"feature_range": (0, 2)}, {}, X
    yield "scalers.Derivate", {"order": 2, "delta": 0.5}, {}, X
    yield "signal.Baseline", {}, {}, X
    yield "signal.Detrend", {}, {}, X
    yield "signal.Detrend", {"bp": [4, 8]}, {}, X
    yield "signal.Gaussian", {}, {}, X
    yield "signal.Gaussian", {"order": 1, "sigma": 1.5}, {}, X
    for name in ("ToAbsorbance", "FromAbsorbance", "KubelkaMunk", "SignalTypeConverter"):
        yield f"signal_conversion.{name}", {}, {}, R
    yield "signal_conversion.PercentToFraction", {}, {}, X
    yield "signal_conversion.FractionToPercent", {}, {}, X
    yield "signal_conversion.ToAbsorbance", {"source_type": "reflectance%", "clip_negative": False}, {}, 100.0 * R
    yield "signal_conversion.FromAbsorbance", {"target_type": "reflectance%"}, {}, R
    yield "signal_conversion.KubelkaMunk", {"source_type": "reflectance%"}, {}, 100.0 * R
    options = {"source_type": "reflectance%", "target_type": "reflectance"}
    yield "signal_conversion.SignalTypeConverter", options, {}, X
    yield "nirs.SavitzkyGolay", {"window_length": 5, "polyorder": 2, "deriv": 1, "delta": 2.0}, {}, X
    for scale in (True, False):
        yield "nirs.MultiplicativeScatterCorrection", {"scale": scale}, {}, X
        yield "nirs.ExtendedMultiplicativeScatterCorrection", {"scale": scale, "degree": 2}, {}, X
    for method in ("sum", "abs_sum", "trapz"):
        yield "nirs.AreaNormalization", {"method": method}, {}, X
    yield "nirs.LogTransform", {}, {}, X
    yield "nirs.LogTransform", {"base": 10.0, "offset": 0.5}, {}, X
    yield "nirs.FirstDerivative", {"delta": 2.0}, {}, X
    yield "nirs.SecondDerivative", {"edge_order": 1}, {}, X
    yield "nirs.ReflectanceToAbsorbance", {}, {}, R
    yield "nirs.ReflectanceToAbsorbance", {"percent": True}, {}, 100.0 * R
    yield "features.CropTransformer", {"start": 3, "end": 9}, {}, X
    yield "features.CropTransformer", {"start": 3}, {}, X
    yield "features.ResampleTransformer", {"num_samples": 7}, {}, X
    yield "feature_selection.FlexiblePCA", {"n_components": 3}, {}, X
    yield "feature_selection.FlexibleSVD", {"n_components": 3, "random_state": 0}, {}, X
    yield "feature_selection.CARS", {"n_components": 3, "random_state": 0}, {}, X
    yield "feature_selection.MCUVE", {"n_components": 3, "n_iterations": 20, "random_state": 0}, {}, X
    target = np.linspace(860.0, 1060.0, 9)
    for method in ("linear", "nearest", "cubic", "slinear", "quadratic"):
        yield "resampler.Resampler", {"target_wavelengths": target, "method": method}, {"wavelengths": AXIS}, X
    options = {"target_wavelengths": np.linspace(900.0, 980.0, 5), "crop_range": (880.0, 1000.0)}
    yield "resampler.Resampler", options, {"wavelengths": AXIS}, X
    options = {"target_wavelengths": np.linspace(900.0, 980.0, 5), "fill_value": "extrapolate"}
    yield "resampler.Resampler", options, {"wavelengths": AXIS}, X
    yield "orthogonalization.OSC", {"n_components": 2}, {}, X
    yield "orthogonalization.OSC", {"n_components": 2, "scale": False}, {}, X
    yield "orthogonalization.EPO", {}, {}, X
    yield "norris_williams.NorrisWilliams", {"gap": 2, "segment": 3}, {}, X
    yield "norris_williams.NorrisWilliams", {"gap": 3, "segment": 1, "deriv": 2, "delta": 2.0}, {}, X
    yield "wavelet_denoise.WaveletDenoise", {"level": 2}, {}, X
    for name in ("WaveletPCA", "WaveletSVD"):
        yield f"nirs.{name}", {"max_level": 1}, {}, X
    yield "fck_static.FCKStaticTransformer", {"alphas": [0.5], "kernel_sizes": [5]}, {}, X
    pca = {"class": "sklearn.decomposition.PCA", "params": {"n_components": 2}}
    scaled = [{"class": "sklearn.preprocessing.StandardScaler", "params": {}}, pca]
    yield "concat.FeatureConcat", {"operations": [pca, None, scaled]}, {}, X
    yield "nirs.WaveletFeatures", {"max_level": 1}, {}, X


def plain(value: Any) -> Any:
    """As JSON: arrays are told by their numbers, objects by class and attributes; what else there is, by None."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return (
            {"array": value.tolist(), "type": value.dtype.str, "shape": value.shape}
            if value.dtype.kind in "fibu"
            else None
        )
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {"items": [[key, plain(each)] for key, each in value.items()]}
    if isinstance(value, str | int | float | None):
        return value
    module = type(value).__module__
    if module.startswith(("chemotools.", "nirs4all.", "sklearn.")) and not isinstance(value, PLSRegression):
        return {"class": f"{module}.{type(value).__qualname__}", "state": {k: plain(v) for k, v in vars(value).items()}}
    return None


def main() -> None:
    """One line for each case that this environment knows."""
    package, cases = {
        "chemotools": ("chemotools", chemotools),
        "nirs4all": ("nirs4all.operators.transforms", nirs4all),
    }[sys.argv[1]]
    for name, params, fitting, spectra in cases():
        module, _, kind = name.rpartition(".")
        try:
            fitted = getattr(importlib.import_module(f"{package}.{module}"), kind)(**params)
        except ModuleNotFoundError:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                fitted.fit(spectra, FAT, **fitting)
            except TypeError:
                fitted.fit(spectra, **fitting)
            rows = spectra[:: len(spectra) // ROWS][:ROWS]
            answers = np.asarray(fitted.transform(rows.copy()))
        kept = fitted.get_support(indices=True).tolist() if hasattr(fitted, "get_support") else None
        record = {
            "of": f"{sys.argv[1]} {version(sys.argv[1])}",
            **plain(fitted),
            "rows": rows.tolist(),
            "answers": answers.tolist(),
        }
        print(json.dumps(record if kept is None else {**record, "kept": kept}))


if __name__ == "__main__":
    main()
