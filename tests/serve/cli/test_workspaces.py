"""`n4a runs` and `n4a export`: from what was recorded to a file that predicts."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Literal

import pytest
from n4akit import InputError, WriteError, load
from n4akit.serve.cli.workspaces import export, runs
from n4akit.serve.errors import Misuse
from n4akit.store import WorkspaceStore

from ...conftest import Tecator
from ...recorded import Recorded
from ..server import n4a

# runs


def test_runs_lists_what_can_be_exported(recorded: Recorded) -> None:
    done = n4a("runs", recorded.workspace)
    assert (done.returncode, done.stderr) == (0, "")
    run, pipeline, chain = done.stdout.splitlines()
    assert re.fullmatch(rf"{recorded.run_id}  completed  \d{{4}}-\d\d-\d\d \d\d:\d\d  fat in meat", run)
    assert re.fullmatch(r"    snv-sg-pls  completed  rmse 2\.\d{1,3}", pipeline)
    assert chain == f"        chain {recorded.chain_id}"


def test_runs_tells_programs_the_same(recorded: Recorded) -> None:
    (run,) = json.loads(n4a("runs", recorded.workspace, "--json").stdout)
    (pipeline,) = run.pop("pipelines")
    assert datetime.fromisoformat(run.pop("created_at")) < datetime.fromisoformat(run.pop("completed_at"))
    assert run == {"run_id": recorded.run_id, "name": "fat in meat", "status": "completed", "error": None}
    assert pipeline["pipeline_id"] == recorded.pipeline_id and pipeline["chains"] == [recorded.chain_id]
    assert (pipeline["metric"], pipeline["dataset_name"]) == ("rmse", "tecator") and 2.0 < pipeline["best_val"] < 3.0


def test_runs_that_failed_or_scored_nothing_are_listed_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with WorkspaceStore(tmp_path) as store:
        run = store.begin_run("all goes wrong", {}, [])
        failed = store.begin_pipeline(run, "first", [], [], "tecator", "")
        store.fail_pipeline(failed, "out of memory")
        scored = store.begin_pipeline(run, "second", [], [], "tecator", "")
        store.complete_pipeline(scored, float("nan"), float("nan"), "rmse", 0)
        store.fail_run(run, "gave up")
    assert runs(tmp_path) == 0
    text = capsys.readouterr().out
    assert "failed" in text and "    first  failed\n" in text and "    second  completed  rmse nan\n" in text
    assert runs(tmp_path, json=True) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told["error"] == "gave up"
    assert {pipeline["name"]: (pipeline["error"], pipeline["best_val"]) for pipeline in told["pipelines"]} == {
        "first": ("out of memory", None),
        "second": (None, None),
    }


def test_runs_lists_so_many_and_says_when_there_are_more(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with WorkspaceStore(tmp_path) as store:
        for name in "abc":
            store.begin_run(name, {}, [])
    assert runs(tmp_path, limit=2, json=True) == 0
    listed, said = capsys.readouterr()
    assert [run["name"] for run in json.loads(listed)] == ["c", "b"]
    assert said == "n4a: there are more runs than the newest 2; --limit says how many to list\n"
    assert runs(tmp_path, limit=3) == 0
    listed, said = capsys.readouterr()
    assert len(listed.splitlines()) == 3 and said == ""


def test_fewer_than_one_run_cannot_be_asked_for(tmp_path: Path) -> None:
    done = n4a("runs", tmp_path, "--limit", "0")
    assert done.returncode == 2 and "--limit" in done.stderr and done.stdout == ""


def test_a_workspace_without_runs_lists_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    WorkspaceStore(tmp_path).close()
    assert runs(tmp_path) == 0 and capsys.readouterr().out == ""
    assert runs(tmp_path, json=True) == 0 and capsys.readouterr().out == "[]\n"


@pytest.mark.parametrize("verb", [("runs",), ("export", "chain", "out")])
def test_a_folder_that_is_no_workspace_is_named_and_stays_as_it_was(verb: tuple[str, ...], tmp_path: Path) -> None:
    done = n4a(verb[0], tmp_path / "nowhere", *verb[1:])
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr == f"n4a: {tmp_path / 'nowhere'}: no workspace: there is no store.duckdb in it\n"
    assert [*tmp_path.iterdir()] == []


# export


Format = Literal["n4a", "n4a.py"]


@pytest.mark.parametrize(
    ("format", "given", "made"),
    [
        ("n4a", "fat", "fat.n4a"),
        ("n4a", "fat.n4a", "fat.n4a"),
        ("n4a", "a folder/new/fat", "a folder/new/fat.n4a"),
        ("n4a.py", "fat", "fat.n4a.py"),
        ("n4a.py", "fat.n4a.py", "fat.n4a.py"),
    ],
)
def test_the_format_gives_the_suffix(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str], format: Format, given: str, made: str
) -> None:
    assert export(recorded.workspace, recorded.chain_id, tmp_path / given, format=format) == 0
    assert capsys.readouterr() == (f"{tmp_path / made}\n", "")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / made]


@pytest.mark.parametrize(
    ("format", "given"), [("n4a", "fat.n4a.py"), ("n4a", "fat.zip"), ("n4a.py", "fat.n4a"), ("n4a.py", "fat.py")]
)
def test_a_suffix_that_contradicts_the_format_is_refused(
    recorded: Recorded, tmp_path: Path, format: Format, given: str
) -> None:
    with pytest.raises(Misuse, match=re.escape(f"{tmp_path / given}: the suffix contradicts the format {format!r}")):
        export(recorded.workspace, recorded.chain_id, tmp_path / given, format=format)
    assert [*tmp_path.iterdir()] == []


def test_what_is_exported_predicts_as_the_workspace_does(recorded: Recorded, tecator: Tecator, tmp_path: Path) -> None:
    done = n4a("export", recorded.workspace, recorded.chain_id, tmp_path / "fat")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{tmp_path / 'fat.n4a'}\n", "")
    with WorkspaceStore(recorded.workspace) as store:
        expected = store.replay_chain(recorded.chain_id, tecator.X)
    model = load(tmp_path / "fat.n4a")
    assert model.predict(tecator.X).tobytes() == expected.tobytes()
    assert model.info()["provenance"]["run_id"] == recorded.run_id and model.golden.origin == "synthetic"
    export(recorded.workspace, recorded.chain_id, tmp_path / "again")
    assert (tmp_path / "again.n4a").read_bytes() == (tmp_path / "fat.n4a").read_bytes(), "the same in every process"


def test_golden_rows_are_taken_from_the_spectra_given(recorded: Recorded, tecator: Tecator, tmp_path: Path) -> None:
    spectra = tmp_path / "calibration.csv"
    spectra.write_text("".join(";".join(map(repr, row)) + "\n" for row in tecator.X[:40].tolist()), "utf-8")
    given = ("--format", "n4a", "--calibration", spectra)
    done = n4a("export", recorded.workspace, recorded.chain_id, tmp_path / "fat", *given)
    golden = load(tmp_path / "fat.n4a").golden
    assert (done.returncode, golden.origin) == (0, "measured")
    assert {row.tobytes() for row in golden.rows} <= {row.tobytes() for row in tecator.X[:40]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1;2;3\n", "3 values in each row, expected 100"),
        (";".join(["0.5"] * 100) + "\n", "the spectrum is constant"),
        ("a;b\nc;d\n", r"calibration\.csv: line 1, column 1: 'a' is not a number"),
        ("", r"calibration\.csv: it is empty"),
        (None, "No such file or directory"),
    ],
)
def test_spectra_that_cannot_be_golden_rows_are_refused(
    recorded: Recorded, tmp_path: Path, text: str | None, said: str
) -> None:
    spectra = tmp_path / "calibration.csv"
    if text is not None:
        spectra.write_text(text, "utf-8")
    with pytest.raises((InputError, WriteError, FileNotFoundError), match=said):
        export(recorded.workspace, recorded.chain_id, tmp_path / "fat", calibration=spectra)
    assert not [*tmp_path.glob("*fat*")]
