"""Several writers and readers at one path, and writers that fail half-way: the old file or the whole new one."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from n4akit.bundle import WriteError, load
from n4akit.bundle.writer import Draft, draft, write_bundle, write_draft


@pytest.fixture
def drafts(models: Callable[..., Any]) -> list[Draft]:
    """Four bundles to be written to one path."""
    return [draft(*models(seed=seed)) for seed in range(4)]


def test_a_reader_keeps_the_model_it_opened(drafts: list[Draft], tmp_path: Path, spectra: np.ndarray) -> None:
    path = write_draft(drafts[0], tmp_path / "model.n4a")
    bundle = load(path)
    before = bundle.predict(spectra)
    write_draft(drafts[1], path)
    # The faithful plan's arrays were not read yet: they come from the file that was opened, not from the new one.
    assert bundle.plan("faithful").constants["k0"].array.shape == (1, 12)
    assert bundle.predict(spectra).tobytes() == before.tobytes()
    assert load(path).digest == drafts[1].digest


def test_threads_that_write_one_path_and_threads_that_read_it(drafts: list[Draft], tmp_path: Path) -> None:
    path = write_draft(drafts[0], tmp_path / "model.n4a")
    digests = {draft.digest for draft in drafts}
    done = threading.Event()

    def write(number: int) -> None:
        for turn in range(8):
            write_draft(drafts[(number + turn) % 4], path)

    def read() -> set[str]:
        found = set()
        while not done.is_set():
            found.add(load(path).digest)
        return found

    with ThreadPoolExecutor(6) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        try:
            list(pool.map(write, range(4)))
        finally:
            done.set()
    assert set().union(*(reader.result() for reader in readers)) <= digests
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.n4a"] and load(path).digest in digests


WRITER = textwrap.dedent("""
    import sys
    from pathlib import Path
    import numpy as np
    from n4akit.bundle.chain import Chain, Step, Target
    from n4akit.bundle.operators import PLS
    from n4akit.bundle.writer import prepare, write_draft

    name, path, turns = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    model = PLS(np.full((1, 40), float(name)), np.arange(40.0), np.zeros(1))
    chain = Chain(40, {"0": (Step(1, "PLS", "x.PLS", {}, (model,)),)}, (Target("y"),), provenance={"writer": name})
    draft = prepare(chain)
    print("ready", flush=True)
    sys.stdin.readline()
    for _ in range(turns):
        write_draft(draft, path)
        print("written", flush=True)
""")


def writer(name: int, path: Path, turns: int) -> subprocess.Popen[str]:
    """A process that is ready to write to the path, again and again, once it is told."""
    command = [sys.executable, "-c", WRITER, str(name), str(path), str(turns)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    return process


def start(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_processes_that_write_one_path(tmp_path: Path) -> None:
    path = tmp_path / "model.n4a"
    writers = [writer(name, path, 30) for name in (1, 2)]
    for process in writers:
        start(process)
    found = set()
    while any(process.poll() is None for process in writers):
        if path.exists():
            found.add(load(path).info()["provenance"]["writer"])
    assert [process.wait() for process in writers] == [0, 0]
    for process in writers:
        process.communicate()
    assert found | {load(path).info()["provenance"]["writer"]} <= {"1", "2"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.n4a"]


def test_the_last_complete_write_wins(tmp_path: Path) -> None:
    path = tmp_path / "model.n4a"
    first, last = writer(1, path, 1), writer(2, path, 1)
    for process in (
        last,
        first,
    ):
        start(process)
        process.communicate()
    assert load(path).info()["provenance"]["writer"] == "1"


@pytest.mark.parametrize("turn", range(6))
def test_a_writer_killed_at_any_time_leaves_a_whole_file(tmp_path: Path, turn: int) -> None:
    path = tmp_path / "model.n4a"
    process = writer(1, path, 10_000)
    start(process)
    assert process.stdout is not None
    for _ in range(1 + 3 * turn):
        process.stdout.readline()
    process.kill()
    process.communicate()
    assert load(path).info()["provenance"]["writer"] == "1"
    # What it was about to write lies beside, under a name that no reader takes for a bundle.
    assert all(entry.name.endswith(".part") for entry in tmp_path.iterdir() if entry != path)


def folder_of(path: Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in path.iterdir()}


def test_a_chain_that_cannot_be_written_leaves_the_old_file(model: Any, saved: Path) -> None:
    before = folder_of(saved.parent)
    with pytest.raises(WriteError):
        write_bundle(replace(model.chain, provenance={"raw": b""}), saved)
    assert folder_of(saved.parent) == before


def test_a_file_that_fails_its_own_proof_is_not_put_in_place(drafts: list[Draft], saved: Path) -> None:
    before = folder_of(saved.parent)
    manifest, *rest = drafts[1].contents
    answers = dict(drafts[2].contents)["golden.json"]
    for contents in [(manifest, *rest[:-1], ("golden.json", answers)), (manifest, *rest[1:]), (*rest, manifest)]:
        with pytest.raises(WriteError, match="the bundle failed its own proof and was not put in place: "):
            write_draft(replace(drafts[1], contents=contents), saved)
    with pytest.raises(WriteError, match=f"it has the digest {drafts[1].digest}, expected {drafts[0].digest}"):
        write_draft(replace(drafts[1], digest=drafts[0].digest), saved)
    assert folder_of(saved.parent) == before


def test_a_member_name_that_is_not_plain_leaves_nothing(drafts: list[Draft], tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="expected a name of lower-case letters"):
        write_draft(replace(drafts[0], contents=(("../x", b""),)), tmp_path / "model.n4a")
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_cannot_be_written_is_named(drafts: list[Draft], tmp_path: Path) -> None:
    missing = tmp_path / "nowhere" / "model.n4a"
    with pytest.raises(WriteError, match=f"{missing}: cannot be written: No such file or directory"):
        write_draft(drafts[0], missing)
    with pytest.raises(WriteError, match=f"{tmp_path}: is a folder, expected the path of a file"):
        write_draft(drafts[0], tmp_path)


FULL_DISK = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600))
"""


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "model.n4a"
    path.write_bytes(b"the old file")
    command = [sys.executable, "-c", FULL_DISK + WRITER, "1", str(path), "1"]
    done = subprocess.run(command, input="\n", capture_output=True, text=True)
    assert f"WriteError: {path}: cannot be written: File too large" in done.stderr
    assert folder_of(tmp_path) == {"model.n4a": b"the old file"}


def test_a_link_at_the_path_is_replaced_and_not_followed(drafts: list[Draft], tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    path = tmp_path / "model.n4a"
    path.symlink_to("mine.txt")
    write_draft(drafts[0], path)
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert not path.is_symlink() and load(path).digest == drafts[0].digest


def test_a_new_file_has_the_usual_permissions(drafts: list[Draft], tmp_path: Path) -> None:
    usual = tmp_path / "usual"
    usual.touch()
    assert os.stat(write_draft(drafts[0], tmp_path / "model.n4a")).st_mode == usual.stat().st_mode
