"""However a process ends or forks, what it recorded is there, nothing is said on stderr, and nobody is left waiting."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest
from n4akit.store import WorkspaceStore

from .soundness import assert_sound

PRELUDE = """
import atexit, gc, os, sys, threading, time
from pathlib import Path
from n4akit.store import Closed, WorkspaceStore

def record(store, name):
    run = store.begin_run(name, {}, [])
    os.write(1, f"{run}\\n".encode())
    return run

def record_for_ever(store, name):
    try:
        while True:
            record(store, name)
            store.list_runs()
    except Closed:
        pass

store = WorkspaceStore(Path(sys.argv[1]))
record(store, "first")
"""

CHILD = "store.list_runs(); child = os.fork(); "

ENDS: dict[str, tuple[str, int]] = {
    "without closing": ("store.list_runs()", 0),
    "by leaving in the middle": ("store.list_runs(); sys.exit(3)", 3),
    "by an exception": ("store.list_runs(); raise LookupError('unexpected')", 1),
    "by an interrupt": ("store.list_runs(); os.kill(os.getpid(), 2); time.sleep(9)", -2),
    "dropping the store": ("store.list_runs(); store.me = store; del store; gc.collect()", 0),
    "with another exit function": ("atexit.register(lambda: (record(store, 'late'), store.list_runs()))", 0),
    "with a daemon thread": (
        "threading.Thread(target=record_for_ever, args=(store, 'daemon'), daemon=True).start(); time.sleep(0.2)",
        0,
    ),
    "closing under daemon threads": (
        "[threading.Thread(target=record_for_ever, args=(store, 'daemon'), daemon=True).start() for _ in range(3)]; "
        "time.sleep(0.2); store.close()",
        0,
    ),
    "before a thread that goes on": (
        "threading.Thread(target=lambda: (time.sleep(0.2), record(store, 'thread'), store.list_runs())).start()",
        0,
    ),
    "after its child": (f"{CHILD} record(store, 'both'); store.list_runs(); child and os.wait()", 0),
    "before its child": (f"{CHILD} child or time.sleep(0.3); record(store, 'both'); store.list_runs()", 0),
    "after a child that died": (f"{CHILD} record(store, 'both'); child or os._exit(0); os.wait()", 0),
    "after its grandchild": (
        f"{CHILD} record(store, 'all'); child = child or os.fork(); record(store, 'all'); store.list_runs(); "
        "child and os.wait()",
        0,
    ),
}


class Ended(NamedTuple):
    """A process that has ended, and the workspace it left."""

    workspace: Path
    process: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ended]:
    """One process for each way to end; a few at a time, because most of it is importing."""

    def end(name: str) -> Ended:
        workspace = tmp_path_factory.mktemp("ended") / "workspace"
        command = [sys.executable, "-W", "error", "-c", PRELUDE + ENDS[name][0], str(workspace)]
        return Ended(workspace, subprocess.run(command, capture_output=True, text=True, timeout=60))

    with ThreadPoolExecutor(3) as threads:
        return dict(zip(ENDS, threads.map(end, ENDS), strict=True))


@pytest.mark.parametrize("end", ENDS)
def test_a_process_may_end(end: str, ended: dict[str, Ended]) -> None:
    workspace, process = ended[end]
    assert process.returncode == ENDS[end][1], process.stderr
    assert complaints(process.stderr) == [] or process.returncode in (1, -2)
    with WorkspaceStore(workspace) as store:
        assert sorted(store.list_runs(limit=10**6)["run_id"]) == sorted(process.stdout.split())
    assert_sound(workspace)


def complaints(stderr: str) -> list[str]:
    """What was said, but for what DuckDB's binding says of its own leaks."""
    lines = stderr.splitlines()
    return [
        line for line in lines if line and "leaked" not in line and "nanobind" not in line and "skipped" not in line
    ]


FORKS = """
import multiprocessing, os, sys
from pathlib import Path
from n4akit.store import WorkspaceStore

def others(folder):
    with WorkspaceStore(Path(folder)) as store:
        for _ in range(300):
            store.begin_run("third", {}, [])
        store.list_runs()

if __name__ == "__main__":
    store = WorkspaceStore(Path(sys.argv[1]))
    run = store.begin_run("parent", {}, [])
    store.get_run(run)
    go, wait = os.pipe(), os.pipe()
    if os.fork() == 0:
        store.begin_run("child", {}, [])
        os.write(go[1], b"x")
        os.read(wait[0], 1)
        for _ in range(300):
            store.begin_run("child", {}, [])
        assert store.get_run(run)["name"] == "parent"
        store.close()
        os._exit(0)
    os.read(go[0], 1)
    store.close()
    third = multiprocessing.get_context("spawn").Process(target=others, args=sys.argv[1:])
    third.start()
    os.write(wait[1], b"x")
    third.join()
    assert (third.exitcode, os.wait()[1]) == (0, 0)
"""


def test_a_child_goes_on_when_its_parent_has_left_and_others_come(workspace: Path, tmp_path: Path) -> None:
    script = tmp_path / "forks.py"
    script.write_text(FORKS)
    done = subprocess.run([sys.executable, script, workspace], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    with WorkspaceStore(workspace) as store:
        names = store.list_runs(limit=10**6)["name"].to_list()
    assert {name: names.count(name) for name in set(names)} == {"parent": 1, "child": 301, "third": 300}
    assert_sound(workspace)


THREADS_AND_FORKS = (
    PRELUDE
    + """
threads = [threading.Thread(target=record_for_ever, args=(store, "thread")) for _ in range(2)]
for thread in threads:
    thread.start()
children = []
for number in range(5):
    child = os.fork()
    if child == 0:
        record(store, "child")
        assert store.list_runs(limit=1).height == 1
        store.close()
        os._exit(0)
    children.append(child)
    record(store, "parent")
assert [os.waitpid(child, 0)[1] for child in children] == [0] * 5
store.close()
for thread in threads:
    thread.join()
"""
)


def test_a_process_forks_while_its_threads_record_and_read(workspace: Path) -> None:
    command = [sys.executable, "-c", THREADS_AND_FORKS, str(workspace)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    with WorkspaceStore(workspace) as store:
        assert sorted(store.list_runs(limit=10**6)["run_id"]) == sorted(done.stdout.split())
        assert store.list_runs(limit=10**6)["name"].to_list().count("child") == 5
    assert_sound(workspace)
