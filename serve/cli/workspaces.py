"""Verbs on a workspace: `runs`, `export`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from .bundles import Json

__all__ = ["export", "runs"]


def runs(workspace: Path, /, *, json: Json = False) -> int:
    """List what a workspace recorded: its runs, and the best chains of each.

    Parameters
    ----------
    workspace
        Folder with a store.duckdb.
    """
    from ...store import WorkspaceStore

    _check_workspace(workspace)
    with WorkspaceStore(workspace) as store:
        listed = store.list_runs()
        pipelines = store.list_pipelines()
        chains = {
            row["pipeline_id"]: store.get_chains_for_pipeline(row["pipeline_id"])["chain_id"].to_list()
            for row in pipelines.iter_rows(named=True)
        }
    if json:
        sys.stdout.write(listed.write_json() + "\n")
        return 0
    for run in listed.iter_rows(named=True):
        print(f"{run['run_id']}  {run['status']:<9}  {run['created_at']:%Y-%m-%d %H:%M}  {run['name']}")
        own = pipelines.filter(pipelines["run_id"] == run["run_id"]).sort("best_val", nulls_last=True)
        for pipeline in own.iter_rows(named=True):
            score = "" if pipeline["best_val"] is None else f"{pipeline['metric']} {pipeline['best_val']:.4g}"
            print(f"    {pipeline['name']}  {pipeline['status']}  {score}")
            for chain in chains[pipeline["pipeline_id"]]:
                print(f"        chain {chain}")
    return 0


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
    from ...bundle.errors import InputError
    from ...bundle.runtime.spectra_csv import SpectraError, read_spectra
    from ...store import WorkspaceStore, export_chain

    _check_workspace(workspace)
    rows = None
    if calibration is not None:
        try:
            rows = read_spectra(calibration.read_bytes()).rows
        except SpectraError as error:
            raise InputError(f"{calibration}: {error}") from None
    with WorkspaceStore(workspace) as store:
        print(export_chain(store, chain, output, format=format, calibration=rows))
    return 0


def _check_workspace(workspace: Path) -> None:
    """Opening a workspace makes one where there is none; whoever asks about one did not mean that."""
    if not (workspace / "store.duckdb").exists():
        raise FileNotFoundError(2, "no workspace: there is no store.duckdb in it", str(workspace))
