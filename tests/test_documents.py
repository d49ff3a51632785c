"""What the documents show is run: every command, every example, every link."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import joblib
import numpy as np
import pytest
from n4akit.bundle.transformers import SavitzkyGolay, StandardNormalVariate
from sklearn.cross_decomposition import PLSRegression
from sklearn.pipeline import make_pipeline

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCUMENTS = [
    README,
    *(ROOT / name for name in ("store/README.md", "serve/README.md", "CHANGELOG.md")),
    *(ROOT / "bundle" / name for name in ("FORMAT.md", "SETTINGS.md")),
]
N4A = (sys.executable, "-m", "n4akit.serve.cli")


def blocks(document: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", document.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def commands(document: Path) -> list[str]:
    """Every command line that a document shows, without its comment."""
    lines = [line for block in blocks(document, "sh") for line in block.splitlines()]
    return [line.partition("#")[0].strip() for line in lines if line.partition("#")[0].strip()]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, tecator: Any) -> Path:
    """A folder in which the README's Python was run, with the spectra that its commands name."""
    folder = tmp_path_factory.mktemp("readme")
    pipelines = [
        make_pipeline(StandardNormalVariate(), SavitzkyGolay(11, 2, 1), PLSRegression(8)).fit(
            tecator.X[fold::3], tecator.fat[fold::3]
        )
        for fold in range(3)
    ]
    joblib.dump(pipelines[0], folder / "model.joblib")
    rows = np.arange(len(tecator.X))
    told = np.array([pipeline.predict(tecator.X).ravel() for pipeline in pipelines])
    names = {
        "fold_pipelines": pipelines,
        "wavelengths": tecator.wavelengths,
        "spectra": tecator.X,
        "fat": tecator.fat,
        "left_out_predictions": told[(rows + 1) % 3, rows],  # each by a fold that had not seen it
    }
    before = Path.cwd()
    os.chdir(folder)
    try:
        for block in blocks(README, "python"):
            exec(compile(block, "README.md", "exec"), names)
    finally:
        os.chdir(before)
    reference = np.mean([pipeline.predict(tecator.X) for pipeline in pipelines], axis=0)
    assert np.abs(names["values"] - reference).max() < 1e-10 * np.ptp(tecator.fat)
    header = ",".join(map(repr, tecator.wavelengths.tolist()))
    lines = [",".join(map(repr, row)) for row in tecator.X.tolist()]
    (folder / "spectra.csv").write_text("\n".join([header, *lines]) + "\n", "utf-8")
    return folder


def test_the_two_commands_of_the_door_are_what_ci_and_strangers_run() -> None:
    shown = commands(README)
    assert "pip install . && n4a demo" in shown and "pip install -e '.[dev]' && pytest" in shown
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert "n4a" in project["scripts"] and "dev" in project["optional-dependencies"]
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert "-e '.[dev]'" in script and "bin/pytest" in script


@pytest.mark.parametrize("line", [line for line in commands(README) if line.startswith(("n4a ", "python "))])
def test_the_commands_of_the_readme_work(line: str, desk: Path) -> None:
    program, *arguments = shlex.split(line)
    command = [*(N4A if program == "n4a" else (sys.executable,)), *arguments]
    if arguments[0] == "serve":
        _serve(command, desk)
    else:
        done = subprocess.run(command, cwd=desk, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def _serve(command: list[str], folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen([*command, "--port", str(port)], cwd=folder, stderr=subprocess.DEVNULL) as server:
        try:
            assert _answers(f"http://127.0.0.1:{port}/ready")
        finally:
            server.terminate()


def _answers(address: str) -> bool:
    for _ in range(300):
        try:
            with urlopen(address) as response:
                return bool(response.status == 200)
        except OSError:
            time.sleep(0.1)
    return False


def test_the_example_of_the_store_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for block in blocks(ROOT / "store" / "README.md", "python"):
        exec(compile(block, "store/README.md", "exec"), {})
    left = sorted(path.name for path in (tmp_path / "workspace").iterdir())
    assert left == ["artifacts", "store.duckdb", "store.lock"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", document.read_text("utf-8")):
        assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_every_verb_is_in_the_readme() -> None:
    from n4akit.serve.cli import app

    verbs = {name for name in app if not name.startswith("-")}
    assert {verb for verb in verbs if not re.search(rf"\bn4a {verb}\b", README.read_text("utf-8"))} == set()


def test_n4a_is_on_the_path_of_an_installation() -> None:
    n4a = shutil.which("n4a", path=str(Path(sys.executable).parent))
    if n4a is None and os.environ.get("CI") != "true":
        pytest.skip("n4akit is not installed in this environment, it is only on its path")
    assert n4a is not None
    assert "Carry trained spectroscopy models" in subprocess.run([n4a, "--help"], capture_output=True, text=True).stdout
