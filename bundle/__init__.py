"""Bundles: a trained chain in one file, read back with proof.

What predicts is here. What makes bundles is asked by module, so that whoever predicts does not import it:
`n4akit.bundle.capture`, `n4akit.bundle.export`, `n4akit.bundle.transformers`.
"""

from .answers import Golden
from .ends import Axis, Target
from .errors import AxisError, BundleError, CaptureError, InputError, N4aError, PlanError, SignalError, WriteError
from .predictor import Predictor
from .reader import Bundle, Report, load, verify
from .runtime.result import Result

__all__ = [
    "Axis",
    "AxisError",
    "Bundle",
    "BundleError",
    "CaptureError",
    "Golden",
    "InputError",
    "N4aError",
    "PlanError",
    "Predictor",
    "Report",
    "Result",
    "SignalError",
    "Target",
    "WriteError",
    "load",
    "verify",
]
