"""What is left of an object whose class is not installed here: the name of its class, and its attributes."""

from __future__ import annotations

from functools import cache

__all__ = ["Remains", "remains"]


class Remains:
    """An object of a class that is known by name alone. It has the attributes that were pickled, and no methods."""


@cache
def remains(module: str, name: str) -> type[Remains]:
    """The class that stands for `module.name`."""
    return type(name, (Remains,), {"__module__": module, "__qualname__": name})
