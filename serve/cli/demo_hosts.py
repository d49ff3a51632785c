"""The four hosts of a chain, each timed: cold, from process start to the first number, and warm, per spectrum."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...bundle import load
from ...store import WorkspaceStore
from .demo_training import Split

__all__ = ["Answer", "by_library", "by_script", "by_server", "by_store"]

REPEATS = 5
"""How often what is warm is measured, in groups of four."""

STARTS = 3
"""How often a process is started to see its cold start."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What one host predicted for the spectra kept out, and how fast."""

    host: str
    values: NDArray[np.float64]
    microseconds: float
    """Per spectrum, warm: the median over repeats of predicting all of them at once."""
    cold_start: float
    """Milliseconds from starting a process to its first answer."""


_FIRST = (
    "import sys, n4akit; from n4akit.bundle.runtime.spectra_csv import read_spectra;"
    "path, a, b = sys.argv[1:]; rows = read_spectra(open(path, 'rb').read()).rows[:1];"
)
"""What a process does before its first prediction: read one spectrum from the file."""


def by_store(workspace: Path, chain_id: str, bundle: Path, script: Path, spectra: Path, data: Split) -> Answer:
    """the workspace that recorded the chain"""
    code = _FIRST + "store = n4akit.store.WorkspaceStore(a); print(store.replay_chain(b, rows)[0]); store.close()"
    cold = _cold([sys.executable, "-c", "import n4akit.store;" + code, str(spectra), str(workspace), chain_id])
    with WorkspaceStore(workspace) as store:
        values, warm = _warm(lambda: store.replay_chain(chain_id, data.test_X, data.wavelengths))
    return Answer("store.replay_chain", values, warm / len(values), cold)


def by_library(workspace: Path, chain_id: str, bundle: Path, script: Path, spectra: Path, data: Split) -> Answer:
    """the library, from the bundle"""
    cold = _cold(
        [sys.executable, "-c", _FIRST + "print(n4akit.load(a).predict(rows)[0])", str(spectra), str(bundle), ""]
    )
    model = load(bundle)
    values, warm = _warm(lambda: model.predict(data.test_X, data.wavelengths))
    return Answer("load().predict", values, warm / len(values), cold)


def by_script(workspace: Path, chain_id: str, bundle: Path, script: Path, spectra: Path, data: Split) -> Answer:
    """the script, without numpy"""
    header, first, *rest = spectra.read_text("utf-8").splitlines(keepends=True)
    command = [sys.executable, "-I", "-S", str(script)]
    cold = _cold([*command, "-"], header + first)
    # A script is started for each file: what a further spectrum costs is told by a long one.
    many = [first, *rest] * REPEATS
    whole = _cold([*command, "-"], header + "".join(many))
    done = subprocess.run([*command, str(spectra)], capture_output=True, text=True, check=True)
    values = np.array([float(row["value"]) for row in csv.DictReader(io.StringIO(done.stdout))])
    return Answer(f"{script.name} (-I -S)", values, max(whole - cold, 0.0) * 1000 / (len(many) - 1), cold)


def by_server(workspace: Path, chain_id: str, bundle: Path, script: Path, spectra: Path, data: Split) -> Answer:
    """the server, over HTTP"""
    body = json.dumps({"spectra": data.test_X.tolist(), "axis": data.wavelengths.tolist(), "unit": "nm"})
    started = time.perf_counter()
    command = [sys.executable, "-m", "n4akit.serve.cli", "serve", str(bundle), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            connection = HTTPConnection("127.0.0.1", _port(server), timeout=30)
            ask = _asker(connection, f"/v1/models/{bundle.stem}/predict", body)
            ask()
            cold = (time.perf_counter() - started) * 1000
            values, warm = _warm(ask)
            connection.close()
        finally:
            server.terminate()
            server.communicate(timeout=30)
    return Answer("server (HTTP, JSON)", values, warm / len(values), cold)


def _port(server: subprocess.Popen[str]) -> int:
    """The port the server says it listens on."""
    assert server.stderr is not None
    said = []
    for line in server.stderr:
        said.append(line)
        if "http://127.0.0.1:" in line:
            return int(line.split("http://127.0.0.1:")[1].split()[0].strip("/ "))
    raise RuntimeError(f"the server did not start: {''.join(said)}")


def _asker(connection: HTTPConnection, path: str, body: str) -> Callable[[], NDArray[np.float64]]:
    def ask() -> NDArray[np.float64]:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        text = response.read()
        if response.status != 200:
            raise RuntimeError(f"the server answered {response.status}: {text.decode()}")
        return np.array(json.loads(text)["values"])

    return ask


def _cold(command: list[str], given: str = "") -> float:
    """Milliseconds of a whole process that is given a text, the median of a few."""
    times = []
    for _ in range(STARTS):
        started = time.perf_counter()
        subprocess.run(command, input=given.encode(), capture_output=True, check=True)
        times.append((time.perf_counter() - started) * 1000)
    return sorted(times)[STARTS // 2]


def _warm(predict: Callable[[], NDArray[np.float64]]) -> tuple[NDArray[np.float64], float]:
    """The predictions, and the median microseconds of making them."""
    values = predict()
    times = []
    for _ in range(4 * REPEATS):
        started = time.perf_counter()
        predict()
        times.append((time.perf_counter() - started) * 1e6)
    return values, sorted(times)[2 * REPEATS]
