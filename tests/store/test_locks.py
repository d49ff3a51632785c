"""Locks keep two holders apart, in one process as in two; where they do not work, the workspace is refused."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest
from n4akit.store import Busy, WorkspaceError, WorkspaceStore
from n4akit.store.locks import Lock, probe, wait


def test_one_alone_or_many_together(tmp_path: Path) -> None:
    one, two, three = Lock(tmp_path), Lock(tmp_path), Lock(tmp_path)
    assert one.try_shared()
    assert two.try_shared()
    assert not three.try_alone()
    one.release()
    assert not three.try_alone()
    two.release()
    assert three.try_alone()
    assert not one.try_shared()
    assert not wait(one.try_alone, 0.0)
    with pytest.raises(Busy, match="another process has had it alone for 0 s"):
        two.wait_shared(0.0)
    three.forget()
    two.wait_shared(0.0)


def test_a_lock_that_is_dropped_is_free(tmp_path: Path) -> None:
    lock = Lock(tmp_path)
    assert lock.try_alone()
    del lock
    assert Lock(tmp_path).try_alone()


def test_a_lock_tells_what_its_holder_wrote(tmp_path: Path) -> None:
    holder, asker = Lock(tmp_path / "lock", create=True), Lock(tmp_path / "lock")
    holder.write("process 12345")
    assert asker.read() == "process 12345"
    holder.write("")
    assert asker.read() == ""


def test_working_locks_are_good_also_when_somebody_has_one(tmp_path: Path) -> None:
    probe(tmp_path / "lock")
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]
    holder = Lock(tmp_path / "lock")
    assert holder.try_alone()
    probe(tmp_path / "lock")


@pytest.mark.parametrize("answer", ["none for two", errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_refused_by_its_mount(
    answer: str | int, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lock(file: int, how: int) -> None:
        """As some network file systems answer."""
        if isinstance(answer, int):
            raise OSError(answer, os.strerror(answer))

    monkeypatch.setattr(fcntl, "flock", lock)
    mount = next(path for path in workspace.parents if path.is_mount())
    with pytest.raises(WorkspaceError, match=f"{workspace}/store.lock: locks do not work on .* at {mount}, "):
        WorkspaceStore(workspace)
    assert {path.name for path in workspace.iterdir()} == {"artifacts", "store.lock"}


def test_windows_is_refused_by_name() -> None:
    code = (
        "import sys, duckdb, numpy, polars, pyarrow, sqlite3, cloudpickle; sys.platform = 'win32'; import n4akit.store"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert "ImportError: n4akit.store needs flock(2), which Windows does not have" in done.stderr
