"""Carry a trained spectroscopy chain to wherever it must predict: the same number everywhere, with proof.

from n4akit import load

values = load("fat.n4a").predict(spectra, wavelengths)
"""

from .bundle import (
    AxisError,
    Bundle,
    BundleError,
    InputError,
    N4aError,
    PlanError,
    Report,
    Result,
    SignalError,
    WriteError,
    load,
    verify,
)

__all__ = [
    "AxisError",
    "Bundle",
    "BundleError",
    "InputError",
    "N4aError",
    "PlanError",
    "Report",
    "Result",
    "SignalError",
    "WriteError",
    "load",
    "verify",
]
