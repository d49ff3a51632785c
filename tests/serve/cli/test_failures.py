"""When a command fails: the exit code says how, one line on stderr says why, and nobody meets a traceback."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from n4akit import AxisError, BundleError, InputError, PlanError, WriteError
from n4akit.bundle import CaptureError
from n4akit.bundle.errors import BadSettings, UnknownVersion
from n4akit.serve.cli.failures import exit_code
from n4akit.serve.errors import Misuse, ServeError, UnknownModel
from n4akit.store import UnknownId

from ..server import N4A, clean, n4a

MEANT: dict[int, list[Exception]] = {
    1: [
        PlanError("a plan"),
        CaptureError("step 2: Unheard"),
        WriteError("failed its own proof"),
        ServeError("cannot listen on http://127.0.0.1:80/: Permission denied"),
    ],
    2: [
        Misuse("port: -1"),
        UnknownVersion("no version 2, there are 1 to 1"),
        UnknownId("chain_id 'x': no chain"),
        UnknownModel("no model 'x' is served"),
    ],
    4: [InputError("row 1: point 2 is nan"), AxisError("wavelengths: 3 points"), BadSettings("fat.settings.json: …")],
    5: [
        BundleError("fat.n4a: its end is missing"),
        BundleError("fat.n4a: …", ("member golden.json: its content does not match its checksum",)),
        BundleError("fat.n4a: …", ("golden row 1: the compiled plan answers 1.0", "member x: damaged")),
    ],
    6: [
        BundleError("fat.n4a: …", ("golden row 1: the compiled plan answers 1.0, expected 2.0",)),
        BundleError("fat.n4a: …", ("golden rows, faithful plan: 1 of 6 spectra cannot be predicted",)),
    ],
}


@pytest.mark.parametrize(("code", "error"), [(code, error) for code, errors in MEANT.items() for error in errors])
def test_an_error_on_purpose_is_said_as_it_is(code: int, error: Exception) -> None:
    assert exit_code(error) == (code, str(error))


def test_a_file_that_cannot_be_opened_is_named() -> None:
    assert exit_code(FileNotFoundError(2, "No such file or directory", "in.csv")) == (
        4,
        "in.csv: No such file or directory",
    )


@pytest.mark.parametrize(
    "error", [RuntimeError("odd"), KeyError("odd"), OSError(errno.ENOSPC, "odd"), ZeroDivisionError("odd")]
)
def test_what_nobody_expected_keeps_its_class_and_asks_to_be_reported(error: Exception) -> None:
    code, words = exit_code(error)
    assert code == 1 and type(error).__name__ in words and "odd" in words and words.endswith("please report this")


COMMANDS: dict[str, tuple[int, list[str], str]] = {
    "no such verb": (2, ["frobnicate"], 'Unknown command "frobnicate"'),
    "no argument": (2, ["info"], "parameter MODEL requires an argument"),
    "nothing to verify": (2, ["verify"], "parameter MODELS requires an argument"),
    "too many arguments": (2, ["info", "{fat}", "{fat}"], "Unused Tokens"),
    "no such option": (2, ["verify", "{fat}", "--frobnicate"], "Unknown option: --frobnicate"),
    "no such format": (2, ["export", "{tmp}", "c", "out", "--format", "onnx"], "Invalid value"),
    "a contradicting suffix": (2, ["export", "{tmp}", "c", "out.onnx"], "the suffix contradicts the format 'n4a'"),
    "no workspace": (4, ["runs", "{tmp}"], "no workspace: there is no store.duckdb in it"),
    "no spectra": (4, ["predict", "{fat}", "{tmp}/nowhere.csv"], "{tmp}/nowhere.csv: No such file or directory"),
    "a folder of spectra": (4, ["predict", "{fat}", "{tmp}"], "{tmp}: Is a directory"),
    "empty spectra": (4, ["predict", "{fat}", "{tmp}/empty"], "{tmp}/empty: it is empty, expected a row of numbers"),
    "empty input": (4, ["predict", "{fat}", "-"], "-: it is empty, expected a row of numbers"),
    "other spectra": (4, ["predict", "{fat}", "{tmp}/short"], "spectra: 3 values in each row, expected 12"),
    "no bundle": (5, ["info", "{tmp}/short"], "{tmp}/short: 6 bytes, expected 22 to"),
    "a folder": (5, ["info", "{tmp}"], "{tmp}: not a file but a folder"),
    "nowhere": (5, ["predict", "{tmp}/nowhere", "{tmp}/short"], "{tmp}/nowhere: it cannot be opened"),
    "damage": (5, ["info", "{unsound}/damaged.n4a"], "does not match its checksum"),
    "other answers": (6, ["info", "{unsound}/mutant.n4a"], "golden row 1: the compiled plan answers"),
}


@pytest.mark.parametrize("what", COMMANDS)
def test_every_failure_has_its_code_and_names_what_is_wrong(
    what: str, fat: Path, unsound: Path, tmp_path: Path
) -> None:
    code, arguments, said = COMMANDS[what]
    (tmp_path / "short").write_text("1;2;3\n", "utf-8")
    (tmp_path / "empty").touch()
    places = {"fat": fat, "tmp": tmp_path, "unsound": unsound}
    done = n4a(*(argument.format(**places) for argument in arguments), environment={"COLUMNS": "300"})
    assert (done.returncode, done.stdout) == (code, "")
    assert said.format(**places) in done.stderr
    if done.stderr.startswith("n4a: "):
        assert done.stderr.count("\n") == 1
    else:
        assert code == 2, "only what the parser refuses is drawn in a box"


def test_a_full_disk_is_told(fat: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no device here that is always full")
    with full.open("w") as out:
        done = subprocess.run([*N4A, "info", str(fat)], stdout=out, stderr=subprocess.PIPE, text=True, env=clean())
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and os.strerror(errno.ENOSPC) in done.stderr


def test_an_interrupted_command_ends_with_130_and_says_nothing(fat: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "spectra.csv"
    os.mkfifo(pipe)
    command = [*N4A, "predict", str(fat), str(pipe)]
    # It may be hit between opening and reading: about the file it then leaves to be closed, Python warns if told to.
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=clean({"PYTHONWARNINGS": ""})) as process:
        end = _opened(pipe, process)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    os.close(end)
    assert (process.returncode, said) == (130, b"")


def _opened(pipe: Path, process: subprocess.Popen[bytes]) -> int:
    """Our end of a pipe, once the process waits at the other."""
    while process.poll() is None:
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            assert error.errno == errno.ENXIO
            time.sleep(0.01)
    raise AssertionError("it ended before it read")
