"""What others wrote: pickles read by exact names, without the packages that made them."""

from .unpickler import UnknownName, load

__all__ = ["UnknownName", "load"]
