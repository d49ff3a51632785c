"""What is learnt of the spectra a model was calibrated on: where they lie, and how far from there is usual."""

from .calibration import Calibration, Validation
from .study import Study, study

__all__ = ["Calibration", "Study", "Validation", "study"]
