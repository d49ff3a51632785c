"""Verbs on a workspace: `runs`, `export`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from .bundles import Json

if TYPE_CHECKING:
    from ...store import WorkspaceStore

__all__ = ["check_workspace", "export", "runs"]


def runs(
    workspace: Path,
    /,
    *,
    limit: Annotated[int, Parameter(validator=Number(gte=1))] = 100,
    json: Json = False,
) -> int:
    """List what a workspace recorded: its newest runs, their pipelines with scores, and the chains to export.

    Parameters
    ----------
    workspace
        Folder with a store.duckdb.
    limit
        How many runs to list; it is said when there are more.
    """
    check_workspace(workspace)
    # Only now: what was wrongly asked is told at once, a store takes its time to import.
    import msgspec

    from ...store import WorkspaceStore

    with WorkspaceStore(workspace) as store:
        newest = store.list_runs(limit=limit + 1)
        found = [_with_pipelines(store, run) for run in newest.head(limit).iter_rows(named=True)]
    if len(newest) > limit:
        print(f"n4a: there are more runs than the newest {limit}; --limit says how many to list", file=sys.stderr)
    if json:
        # Unlike json.dumps it says null where a score is no number, and knows times.
        print(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
        return 0
    for run in found:
        print(f"{run['run_id']}  {run['status']:<9}  {run['created_at']:%Y-%m-%d %H:%M}  {run['name']}")
        for pipeline in run["pipelines"]:
            score = "" if pipeline["best_val"] is None else f"{pipeline['metric']} {pipeline['best_val']:.4g}"
            print(f"    {pipeline['name']}  {pipeline['status']}  {score}".rstrip())
            print("".join(f"        chain {chain}\n" for chain in pipeline["chains"]), end="")
    return 0


def _with_pipelines(store: WorkspaceStore, run: dict[str, Any]) -> dict[str, Any]:
    """What is worth listing about a run; its pipelines from the smallest score to the largest."""
    pipelines = store.list_pipelines(run["run_id"]).sort("best_val", nulls_last=True)
    return _some(run, "run_id", "name", "status", "created_at", "completed_at", "error") | {
        "pipelines": [
            _some(pipeline, "pipeline_id", "name", "status", "dataset_name", "metric", "best_val", "best_test", "error")
            | {"chains": store.get_chains_for_pipeline(pipeline["pipeline_id"])["chain_id"].to_list()}
            for pipeline in pipelines.iter_rows(named=True)
        ]
    }


def _some(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names}


def export(
    workspace: Path,
    chain: str,
    output: Path,
    /,
    *,
    format: Literal["n4a", "n4a.py"] = "n4a",
    calibration: Annotated[Path | None, Parameter(name="--calibration")] = None,
) -> int:
    """Export a chain of a workspace as a bundle, or as a script that needs Python alone.

    Parameters
    ----------
    workspace
        Folder with a store.duckdb.
    chain
        Identifier of the chain; `n4a runs` lists them.
    output
        Where to write; without a suffix it gets that of the format.
    format
        n4a: a bundle. n4a.py: a script.
    calibration
        Spectra (CSV) from which the golden rows are taken; they travel in the file.
    """
    from ...bundle.errors import InputError, WriteError
    from ...bundle.export import with_suffix
    from ...bundle.runtime.spectra_csv import SpectraError, read_spectra
    from ..errors import Misuse

    try:
        with_suffix(output, format)
    except WriteError as error:
        raise Misuse(str(error)) from None
    check_workspace(workspace)
    rows = None
    if calibration is not None:
        try:
            rows = read_spectra(calibration.read_bytes(), missing=True).rows
        except SpectraError as error:
            raise InputError(f"{calibration}: {error}") from None
    # Only now: what was wrongly asked is told at once, a store takes its time to import.
    from ...store import WorkspaceStore, export_chain

    with WorkspaceStore(workspace) as store:
        print(export_chain(store, chain, output, format=format, calibration=rows))
    return 0


def check_workspace(workspace: Path) -> None:
    """Opening a workspace makes one where there is none; whoever asks about one did not mean that."""
    if not (workspace / "store.duckdb").exists():
        raise FileNotFoundError(2, "no workspace: there is no store.duckdb in it", str(workspace))
