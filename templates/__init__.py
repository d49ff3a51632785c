"""Text that becomes something: the frame of scripts, and the spectra of the demo. Knows nothing of the rest."""

from .render import render
from .tecator import Tecator, tecator

__all__ = ["Tecator", "render", "tecator"]
