"""Verbs that keep workspaces in order: `fsck`, `gc`, `vacuum`, `import`. What removes anything says first what."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from .bundles import Json, print_json
from .workspaces import check_workspace

__all__ = ["fsck", "gc", "import_", "vacuum"]

Yes = Annotated[
    bool, Parameter(name="--yes", negative="", help="Do it; without this it is only said what would be done.")
]


def fsck(
    workspace: Path,
    /,
    *,
    repair: Annotated[bool, Parameter(name="--repair", negative="")] = False,
    json: Json = False,
) -> int:
    """Prove that a workspace is whole: rows have their parents, artifacts their files, files their rows.

    Exit code 0 when it is, 5 when something is wrong and was not repaired.

    Parameters
    ----------
    workspace
        Folder with a store.duckdb.
    repair
        Move rows without parents to n4a.quarantine, rename damaged files, delete files that nobody names. Nothing that
        was recorded is deleted.
    """
    check_workspace(workspace)
    from ...store import fsck as check

    findings = check(workspace, repair=repair)
    if json:
        print_json([vars(finding) for finding in findings])
    else:
        for finding in findings:
            print(f"{finding.what}; {'done' if finding.repaired else 'remedy'}: {finding.remedy}")
        print(f"{workspace}: {len(findings)} findings" if findings else f"{workspace}: whole")
    return 0 if all(finding.repaired for finding in findings) else 5


def gc(workspace: Path, /, *, yes: Yes = False, json: Json = False) -> int:
    """Delete artifacts that no chain names and nobody is going to name.

    Parameters
    ----------
    workspace
        Folder with a store.duckdb.
    """
    check_workspace(workspace)
    from ...store import WorkspaceStore, garbage

    with WorkspaceStore(workspace) as store:
        found = garbage(store)
        deleted = store.gc_artifacts() if yes else 0
    if json:
        print_json({"garbage": found, "deleted": deleted})
        return 0
    for artifact, size in found.items():
        print(f"{artifact}  {size} bytes")
    done = f"{deleted} deleted" if yes else "nothing was deleted; --yes does it" if found else "nothing to delete"
    print(f"{len(found)} artifacts, {sum(found.values())} bytes: {done}")
    return 0


def vacuum(workspace: Path, /, *, yes: Yes = False, json: Json = False) -> int:
    """Make the database file as small as its content.

    Parameters
    ----------
    workspace
        Folder with a store.duckdb.
    """
    check_workspace(workspace)
    from ...store import WorkspaceStore, database_size

    with WorkspaceStore(workspace) as store:
        before, used = database_size(store)
        if yes:
            store.vacuum()
        after, _ = database_size(store)
    if json:
        print_json({"bytes": before, "used": used, "after": after})
    elif yes:
        print(f"store.duckdb: {before} bytes before, {after} now")
    else:
        print(f"store.duckdb: {before} bytes, of which {used} are used; --yes makes it smaller")
    return 0


def import_(source: Path, target: Path, /, *, json: Json = False) -> int:
    """Add everything of another workspace: of another machine, or of nirs4all 0.7; doing it again adds nothing.

    Parameters
    ----------
    source
        Folder with a store.duckdb, which is left as it is.
    target
        The workspace that it is added to; made if there is none.
    """
    check_workspace(source)
    from ...store import import_workspace

    imported = import_workspace(source, target)
    if json:
        print_json({"rows": imported.rows, "missing": imported.missing})
        return 0
    print(", ".join(f"{count} {table}" for table, count in imported.rows.items()))
    for missing in imported.missing:
        print(f"not imported: {missing}")
    return 0
