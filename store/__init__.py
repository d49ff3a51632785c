"""Workspaces: what was tried and what came out, for any number of processes, losing nothing."""

from .chain_builder import ChainBuilder
from .check import Finding, fsck
from .errors import Busy, Closed, DamagedObject, ReadOnly, Refused, StoreError, UnknownId, WorkspaceError
from .importing import Imported, import_workspace
from .library import PipelineLibrary, TemplateExists, UnknownTemplate
from .trace import ExecutionStep, ExecutionTrace, StepArtifacts, StepExecutionMode
from .workspace import (
    WorkspaceStore,
    database_size,
    export_chain,
    garbage,
    replay_chain,
    replay_full,
    replay_proba,
    unseen,
)

__all__ = [
    "Busy",
    "ChainBuilder",
    "Closed",
    "DamagedObject",
    "ExecutionStep",
    "ExecutionTrace",
    "Finding",
    "Imported",
    "PipelineLibrary",
    "ReadOnly",
    "Refused",
    "StepArtifacts",
    "StepExecutionMode",
    "StoreError",
    "TemplateExists",
    "UnknownId",
    "UnknownTemplate",
    "WorkspaceError",
    "WorkspaceStore",
    "database_size",
    "export_chain",
    "fsck",
    "garbage",
    "import_workspace",
    "replay_chain",
    "replay_full",
    "replay_proba",
    "unseen",
]
