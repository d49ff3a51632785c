"""Workspaces: what was tried and what came out, for any number of processes, losing nothing."""

from .errors import Busy, Closed, DamagedObject, ReadOnly, Refused, StoreError, UnknownId, WorkspaceError
from .workspace import WorkspaceStore, export_chain, replay_chain

__all__ = [
    "Busy",
    "Closed",
    "DamagedObject",
    "ReadOnly",
    "Refused",
    "StoreError",
    "UnknownId",
    "WorkspaceError",
    "WorkspaceStore",
    "export_chain",
    "replay_chain",
]
