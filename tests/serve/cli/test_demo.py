"""`n4a demo`: the product in one minute, which fails unless all four hosts agree to the last bit."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from n4akit import load, verify
from n4akit.serve.cli import demo_story
from n4akit.serve.cli.demo import demo as run_demo
from n4akit.serve.cli.demo_hosts import Answer
from n4akit.serve.cli.demo_training import Split
from n4akit.serve.errors import Misuse
from n4akit.store import WorkspaceStore

from ...conftest import Tecator
from ..server import n4a, question, serving

HOSTS = ("store.replay_chain", "load().predict", "fat.n4a.py (-I -S)", "server (HTTP, JSON)")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The folder of a demo, and what it said."""
    folder = tmp_path_factory.mktemp("demo") / "a new folder"
    return folder, n4a("demo", folder)


def table(said: str) -> dict[str, list[float]]:
    """The numbers of each host: RMSEP, R², differing bits, µs per spectrum, ms of a cold start."""
    lines = (line for line in said.splitlines() for host in HOSTS if line.strip().startswith(host))
    return {
        (host := next(h for h in HOSTS if h in line)): [float(n) for n in line.replace(host, "").split()]
        for line in lines
    }


def test_all_four_hosts_agree_to_the_last_bit(demo: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    _, done = demo
    assert done.returncode == 0
    numbers = table(done.stdout)
    assert tuple(numbers) == HOSTS
    assert [row[2] for row in numbers.values()] == [0, 0, 0, 0]
    assert len({tuple(row[:2]) for row in numbers.values()}) == 1
    assert all(warm > 0.0 and cold > 0.0 for *_, warm, cold in numbers.values())


def test_it_says_what_it_does_and_what_to_do_next(demo: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, done = demo
    said = done.stderr.replace("\n", " ")
    assert "Training on 172 Tecator spectra of meat, 43 kept out" in said
    assert "recorded 3 pipelines and 18 predictions" in said
    assert re.search(r"winner: PLS\(\d+\) \(RMSECV \d\.\d{3} % fat\) → fat\.n4a, fat\.n4a\.py", said)
    assert said.rstrip().replace(" ", "").endswith(f"Next:n4aserve{folder / 'models'}".replace(" ", ""))


def test_the_numbers_are_those_of_the_spectra_kept_out(
    demo: tuple[Path, subprocess.CompletedProcess[str]], tecator: Tecator
) -> None:
    folder, done = demo
    out = np.arange(215) % 5 == 4
    fat = load(folder / "models" / "fat.n4a").predict(tecator.X[out], tecator.wavelengths)
    rmsep = float(np.sqrt(np.mean((fat - tecator.fat[out]) ** 2)))
    r2 = float(np.corrcoef(fat, tecator.fat[out])[0, 1] ** 2)
    shown = table(done.stdout)["load().predict"]
    assert shown[0] == round(rmsep, 4) and abs(shown[1] - r2) < 0.01
    assert rmsep < 2.5, "percent of fat: as good as the literature's PLS on these spectra"


def test_it_leaves_a_folder_to_go_on_with(demo: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, _ = demo
    bundle, script, spectra = folder / "models" / "fat.n4a", folder / "fat.n4a.py", folder / "spectra.csv"
    assert not verify(bundle).problems
    command = [sys.executable, "-I", "-S", str(script), str(spectra)]
    by_script = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert by_script == n4a("predict", bundle, spectra).stdout and by_script.count("\n") == 44
    expected = [float(row["value"]) for row in csv.DictReader(io.StringIO(by_script))]
    with spectra.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    with serving(folder / "models") as server:
        axis = [float(position) for position in header[1:]]
        body = question([[float(cell) for cell in row[1:]] for row in rows], axis=axis, ids=[row[0] for row in rows])
        answer = server.ask("POST", "/v1/models/fat/predict", body).json
    assert answer["values"] == expected and answer["axis_action"] == "same" and answer["ids"][0] == rows[0][0]
    assert bundle.stem in n4a("verify", bundle).stdout


def test_one_bit_that_differs_fails_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three hosts that agree, and one whose last bit of one number is another."""

    def host(name: str, bit: int) -> Callable[..., Answer]:
        def predict(workspace: Path, chain_id: str, bundle: Path, script: Path, spectra: Path, data: Split) -> Answer:
            values = load(bundle).predict(data.test_X).copy()
            values.view(np.uint64)[7] ^= np.uint64(bit)
            return Answer(name, values, 1.0, 1.0)

        return predict

    for name, bit in (("by_store", 0), ("by_library", 0), ("by_script", 1), ("by_server", 0)):
        monkeypatch.setattr(demo_story, name, host(name, bit))
    assert run_demo(tmp_path / "demo") == 6
    assert "1 predictions differ between the hosts" in capsys.readouterr().err


def test_a_second_demo_is_one_more_run_and_deletes_nothing(
    demo: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, _ = demo
    (folder / "models" / "mine.n4a").write_bytes((folder / "models" / "fat.n4a").read_bytes())
    done = n4a("demo", folder)
    assert done.returncode == 0 and [row[2] for row in table(done.stdout).values()] == [0, 0, 0, 0]
    with WorkspaceStore(folder / "workspace") as store:
        assert store.list_runs()["status"].to_list() == ["completed", "completed"]
    assert (folder / "models" / "mine.n4a").exists()


@pytest.mark.parametrize("name", ["workspace/store.duckdb", "models/fat.n4a", "spectra.csv", "notes.txt"])
def test_the_folder_of_somebody_else_is_not_touched(tmp_path: Path, name: str) -> None:
    """Other programs call their folders `workspace` and `models` too."""
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("years of work", "utf-8")
    with pytest.raises(Misuse, match="holds files that are not of an earlier demo, expected a new or empty folder"):
        run_demo(tmp_path)
    assert [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()] == [Path(name)]
    assert (tmp_path / name).read_text("utf-8") == "years of work"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        run_demo(tmp_path / "file")
