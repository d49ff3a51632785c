"""Text that becomes something: the frame of scripts, the web page, the demo's spectra. Knows nothing of the rest."""

from .page_files import page_files
from .render import render
from .tecator import Tecator, tecator

__all__ = ["Tecator", "page_files", "render", "tecator"]
