"""What others wrote: pickles read by exact names, without the packages that made them."""

from .pickled import unpickle, written_by
from .unpickler import UnknownName, load

__all__ = ["UnknownName", "load", "unpickle", "written_by"]
