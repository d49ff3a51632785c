"""Files that are no workspace of a version known here are refused, and left as they were; a lost log loses nothing."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from n4akit.store import Refused, WorkspaceError, WorkspaceStore
from n4akit.store.database import open_database

from .actors import read_and_die, run
from .soundness import assert_sound, rows
from .study import begin

DATABASE = "store.duckdb"
WAL = "store.duckdb.wal"


def files(workspace: Path) -> dict[str, bytes]:
    """The content of every file but the lock, which is nobody's."""
    paths = [path for path in workspace.rglob("*") if path.is_file() and path.name != "store.lock"]
    return {str(path.relative_to(workspace)): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed workspace with a run, a pipeline, a chain, and predictions."""
    workspace = tmp_path_factory.mktemp("made") / "workspace"
    with WorkspaceStore(workspace) as store:
        study = begin(store)
        for _ in range(50):
            study.prediction()
    return workspace


@pytest.fixture
def full(made: Path, workspace: Path) -> Path:
    """A copy of it."""
    shutil.copytree(made, workspace)
    return workspace


def truncate(workspace: Path) -> None:
    with open(workspace / DATABASE, "r+b") as file:
        file.truncate(20_000)


def replace(content: bytes) -> Callable[[Path], None]:
    def write(workspace: Path) -> None:
        (workspace / DATABASE).write_bytes(content)

    return write


def execute(*statements: str) -> Callable[[Path], None]:
    def change(workspace: Path) -> None:
        with duckdb.connect(str(workspace / DATABASE)) as connection:
            for statement in statements:
                connection.execute(statement)

    return change


def strange(workspace: Path) -> None:
    (workspace / DATABASE).unlink()
    execute("CREATE TABLE runs (run_id VARCHAR)")(workspace)


def zero_the_header(workspace: Path) -> None:
    with open(workspace / DATABASE, "r+b") as file:
        file.write(bytes(12_288))


def say(version: str) -> str:
    """A statement after which the database says this of its version."""
    return f"UPDATE n4a.meta SET value = '{version}' WHERE key = 'schema_version'"


DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "empty": (replace(b""), "there is no database in it"),
    "text": (replace(b"not a database, but long enough to be taken for one" * 1000), "cannot be opened"),
    "short": (replace(b"short"), "cannot be opened"),
    "truncated": (truncate, "cannot be opened|damaged"),
    "zeroed header": (zero_the_header, "cannot be opened"),
    "newer": (execute(say("99")), r"version 99, this n4akit knows version \d+; upgrade"),
    "unversioned": (execute("DELETE FROM n4a.meta"), "does not say its version"),
    "odd version": (execute(say("two")), "does not say its version"),
    "a stranger's": (strange, "no workspace of n4akit"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_database_that_is_not_ours_is_refused_and_left_as_it_was(damage: str, full: Path) -> None:
    spoil, said = DAMAGES[damage]
    spoil(full)
    before = files(full)
    for _ in range(2):
        with pytest.raises(WorkspaceError, match=f"{DATABASE}: .*({said})"):
            WorkspaceStore(full)
    assert files(full) == before


def test_a_newer_workspace_that_was_not_closed_is_left_as_it_was(full: Path) -> None:
    assert run(read_and_die, full, say("99")) == 7
    before = files(full)
    assert WAL in before
    assert "inbox.sqlite" in before
    with pytest.raises(WorkspaceError, match="version 99"):
        WorkspaceStore(full)
    assert files(full) == before


def test_a_refused_workspace_opens_when_it_is_restored(full: Path) -> None:
    whole = (full / DATABASE).read_bytes()
    replace(b"")(full)
    with pytest.raises(WorkspaceError):
        WorkspaceStore(full)
    replace(whole)(full)
    with WorkspaceStore(full) as store:
        assert len(store.query_predictions()) == 50


def test_a_path_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises((WorkspaceError, FileExistsError, NotADirectoryError)):
        WorkspaceStore(tmp_path / "file")


def test_a_long_query_draws_no_bar_on_the_standard_output(full: Path) -> None:
    with open_database(full) as connection:
        assert connection.execute("SELECT current_setting('enable_progress_bar')").fetchall() == [(False,)]


def test_older_duckdb_reads_the_file(full: Path) -> None:
    """Files are written for DuckDB 1.5, which says so in its own words."""
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{full / DATABASE}' AS store (READ_ONLY)")
        [(tags,)] = connection.execute("SELECT tags FROM duckdb_databases() WHERE database_name = 'store'").fetchall()
    assert tags["storage_version"].startswith("v1.5")


@pytest.fixture
def unclosed(full: Path) -> Path:
    """A workspace whose last process died with a log beside its database."""
    assert run(read_and_die, full, "SELECT 1") == 7
    assert (full / WAL).stat().st_size > 0
    return full


def assert_nothing_lost(workspace: Path) -> None:
    with WorkspaceStore(workspace) as store:
        assert len(store.list_runs()) == 2
        assert len(store.query_predictions()) == 60
    for damaged in workspace.glob(f"{WAL}.damaged-*"):
        damaged.unlink()  # kept for whoever wants to know
    assert_sound(workspace)
    assert rows(workspace, "SELECT count(*) FROM n4a.quarantine") == [(0,)]


def test_a_log_that_was_left_is_read(unclosed: Path) -> None:
    assert_nothing_lost(unclosed)


def test_a_log_that_is_gone_loses_nothing(unclosed: Path) -> None:
    (unclosed / WAL).unlink()
    assert_nothing_lost(unclosed)


def test_a_log_damaged_anywhere_loses_nothing(unclosed: Path, tmp_path: Path) -> None:
    size = (unclosed / WAL).stat().st_size
    chance = random.Random(4)
    for place in [*range(0, 40, 8), *chance.sample(range(40, size), 7)]:
        copy = tmp_path / f"flipped at {place}"
        shutil.copytree(unclosed, copy)
        content = bytearray((copy / WAL).read_bytes())
        content[place] ^= 1 << chance.randrange(8)
        (copy / WAL).write_bytes(content)
        assert_nothing_lost(copy)


def test_a_torn_log_loses_nothing(unclosed: Path, tmp_path: Path) -> None:
    size = (unclosed / WAL).stat().st_size
    for length in random.Random(5).sample(range(size), 7):
        copy = tmp_path / f"cut at {length}"
        shutil.copytree(unclosed, copy)
        with open(copy / WAL, "r+b") as log:
            log.truncate(length)
        assert_nothing_lost(copy)


def test_a_damaged_log_is_kept_and_told(unclosed: Path, caplog: pytest.LogCaptureFixture) -> None:
    content = bytearray((unclosed / WAL).read_bytes())
    content[len(content) // 2] ^= 1
    (unclosed / WAL).write_bytes(content)
    WorkspaceStore(unclosed).close()
    [kept] = unclosed.glob(f"{WAL}.damaged-*")
    assert kept.read_bytes() == content
    assert str(kept) in caplog.text


def test_a_database_that_vanished_is_made_anew_from_what_is_in_the_inbox(workspace: Path) -> None:
    with WorkspaceStore(workspace) as store:
        other = WorkspaceStore(workspace)
        store.close()
        (workspace / DATABASE).unlink()
        other.begin_run("kept", {}, [])
        assert other.list_runs()["name"].to_list() == ["kept"]
        other.close()
    assert_sound(workspace)


def test_closing_twice_over_does_not_disturb_who_is_left(workspace: Path) -> None:
    with WorkspaceStore(workspace) as one, WorkspaceStore(workspace) as two:
        one.close()
        one.close()
        with pytest.raises(Refused):
            two.begin_run("r", {"": {1: 1, "1": 1}}, [])
        two.begin_run("r", {}, [])
    assert_sound(workspace)
