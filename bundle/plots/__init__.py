"""Pictures of spectra and predictions beside the calibration, by matplotlib, which is imported when one is drawn."""

from .diagnostics import draw_diagnostics
from .spectra import draw_spectra

__all__ = ["draw_diagnostics", "draw_spectra"]
