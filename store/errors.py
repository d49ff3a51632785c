"""What can go wrong in a workspace.

StoreError                    (n4akit's N4aError)
├── UnknownId       KeyError      nothing of that kind has this id; an artifact's file is missing
├── Refused         ValueError    a call that contradicts what is recorded, or a value that cannot be recorded
├── DamagedObject   ValueError    an artifact whose bytes are not what was saved, or that cannot be read here
├── WorkspaceError  ValueError    files that are no workspace of a version known here
├── Busy            TimeoutError  another program holds the database
├── ReadOnly        PermissionError  a workspace that may be read, not written
└── Closed          RuntimeError  the store was closed
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..bundle.errors import N4aError

__all__ = [
    "Busy",
    "Closed",
    "DamagedObject",
    "ReadOnly",
    "Refused",
    "StoreError",
    "UnknownId",
    "WorkspaceError",
    "translated",
]


class StoreError(N4aError):
    """Everything a workspace raises on purpose."""


class UnknownId(StoreError, KeyError):
    """Nothing of that kind has this id."""

    def __str__(self) -> str:
        return str(self.args[0])


class Refused(StoreError, ValueError):
    """A call that contradicts what is recorded, or a value that cannot be recorded; nothing was recorded."""


class DamagedObject(StoreError, ValueError):
    """An artifact whose bytes are not what was saved, or that this environment cannot read."""


class WorkspaceError(StoreError, ValueError):
    """Files that are not a workspace of a version known here, or that cannot be made one."""


class Busy(StoreError, TimeoutError):
    """Another program holds the database for longer than we wait; what was recorded is safe meanwhile."""


class ReadOnly(StoreError, PermissionError):
    """A workspace that may be read, but not written."""


class Closed(StoreError, RuntimeError):
    """The store was closed."""


@contextmanager
def translated(consequence: str, kind: type[StoreError] = StoreError) -> Iterator[None]:
    """Tell what the system refuses, because the disk is full for one, as an error of ours."""
    try:
        yield
    except StoreError:
        raise  # some are also what the system would raise
    except OSError as error:
        raise kind(f"{error}; {consequence}") from error
