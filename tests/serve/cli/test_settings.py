"""`n4a settings`: what is set over a bundle, by whom and why; what is wrongly asked changes nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from n4akit import load
from n4akit.bundle.settings import settings_beside
from n4akit.bundle.settings_history import open_settings

from ..server import n4a

REASON = ("--reason", "ring test", "--author", "Ada")


@pytest.fixture
def model(models: Path, tmp_path: Path) -> Path:
    """A bundle of one target in a folder of its own."""
    return Path(shutil.copy(models / "fat.n4a", tmp_path / "fat.n4a"))


@pytest.fixture
def trio(models: Path, tmp_path: Path) -> Path:
    """A bundle of three targets."""
    return Path(shutil.copy(models / "trio.n4a", tmp_path / "trio.n4a"))


def beside(model: Path) -> Path:
    return model.with_name(model.stem + ".settings.json")


def test_where_nothing_is_set_that_is_said(model: Path) -> None:
    for verb in ("show", "history"):
        done = n4a("settings", verb, model)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(f"{beside(model)}: there are no settings")
    assert json.loads(n4a("settings", "show", model, "--json").stdout) is None
    assert json.loads(n4a("settings", "history", model, "--json").stdout) == []
    assert not beside(model).exists()


def test_what_is_set_is_in_force_and_shown(model: Path) -> None:
    done = n4a("settings", "set", model, "--bias", "-0.3", "--decimals", "2", *REASON)
    found = settings_beside(model, load(model).digest, ["target 0"])
    assert (done.returncode, done.stderr) == (0, "") and found is not None
    head, made, *entries = done.stdout.splitlines()
    assert head == f"{beside(model)}: version 1 of 1, digest {found.digest}"
    assert made == f"{found.history[0]['time']}, Ada: ring test"
    assert entries == ["all other samples:", "  target 0: bias -0.3, decimals 2"]
    assert found.for_sample("A", "x").adjusted([1.0]) == [0.7]
    assert n4a("settings", "show", model).stdout == done.stdout


def test_an_instrument_and_a_product_have_entries_of_their_own(model: Path) -> None:
    n4a("settings", "set", model, "--bias", "1", *REASON)
    n4a("settings", "set", model, "--instrument", "NIR 7", "--t2", "9", "12.5", "--q", "1e-3", "2e-3", *REASON)
    done = n4a("settings", "set", model, "--product", "bread", "--range", "-1", "40", "--slope", "1.25", *REASON)
    assert done.stdout.splitlines()[2:] == [
        "all other samples:",
        "  target 0: bias 1.0",
        "instrument NIR 7:",
        "  target 0: bias 1.0",
        "  t2: warning above 9.0, error above 12.5",
        "  q: warning above 0.001, error above 0.002",
        "product bread:",
        "  target 0: bias 1.0, slope 1.25",
        "  target 0: range -1.0 to 40.0",
    ]
    for given, shown in (
        (["--instrument", "NIR 7", "--product", "bread"], "instrument NIR 7:"),
        (["--instrument", "NIR 8", "--product", "bread"], "product bread:"),
        (["--instrument", "NIR 8"], "all other samples:"),
    ):
        assert n4a("settings", "show", model, *given).stdout.splitlines()[2] == shown
        (entry,) = json.loads(n4a("settings", "show", model, "--json", *given).stdout)["entries"]
        assert [entry.get("instrument"), entry.get("product")] == [
            "NIR 7" if "NIR 7" in shown else None,
            "bread" if "bread" in shown else None,
        ]


def test_of_several_targets_one_is_named(trio: Path) -> None:
    done = n4a("settings", "set", trio, "--bias", "1", *REASON)
    assert (done.returncode, done.stderr) == (
        2,
        "n4a: --target is missing; the model has target 0, target 1, target 2\n",
    )
    done = n4a("settings", "set", trio, "--target", "target 1", "--bias", "1", *REASON)
    assert done.stdout.splitlines()[2:] == ["all other samples:", "  target 1: bias 1.0"]
    assert n4a("settings", "set", trio, "--q", "1", "2", *REASON).returncode == 0


def test_history_goes_on_whatever_is_done(model: Path) -> None:
    n4a("settings", "set", model, "--bias", "1", *REASON)
    n4a(
        "settings",
        "set",
        model,
        "--instrument",
        "A",
        "--bias",
        "2",
        "--decimals",
        "1",
        "--reason",
        "a lamp",
        "--author",
        "Bo",
    )
    n4a("settings", "remove", model, "--instrument", "A", "--target", "target 0", *REASON)
    assert n4a("settings", "show", model, "--instrument", "A").stdout.splitlines()[2:] == [
        *("instrument A:", "  as in the model"),
    ]
    done = n4a("settings", "remove", model, *REASON)
    assert done.stdout.splitlines()[2:] == ["instrument A:", "  as in the model"]
    assert n4a("settings", "show", model, "--instrument", "B").stdout.splitlines()[2:] == ["nothing is changed"]
    done = n4a("settings", "revert", model, "2", *REASON)
    assert done.returncode == 0 and ": version 5 of 5, " in done.stdout
    versions = json.loads(n4a("settings", "history", model, "--json").stdout)
    lines = n4a("settings", "history", model).stdout.splitlines()
    assert [version["number"] for version in versions] == [1, 2, 3, 4, 5]
    assert [line.split("  ") for line in lines] == [
        [str(v["number"]), v["time"], v["digest"][:12], f"{v['author']}: {v['reason']}"] for v in versions
    ]
    assert lines[1].endswith("Bo: a lamp") and versions[4]["entries"] == versions[1]["entries"]
    old = n4a("settings", "show", model, "--version", "1", "--instrument", "A").stdout.splitlines()
    assert old[0] == f"{beside(model)}: version 1 of 5, digest {versions[0]['digest']}"
    assert old[2:] == ["all other samples:", "  target 0: bias 1.0"]


def test_who_it_is_need_not_be_said(model: Path) -> None:
    n4a("settings", "set", model, "--bias", "1", "--reason", "x", environment={"LOGNAME": "eve"})
    (version,) = json.loads(n4a("settings", "history", model, "--json").stdout)
    assert version["author"] == "eve"


NUMBER = "(a number), expected a finite number"
WRONG: dict[str, tuple[int, list[str], str]] = {
    "nothing": (2, ["set"], "nothing is set, expected --slope, --bias, --decimals, --range, --t2 or --q"),
    "a target alone": (2, ["set", "--target", "target 0", "--q", "1", "2"], "nothing is set"),
    "another target": (2, ["set", "--target", "fat", "--bias", "1"], "'fat' is unknown, expected target 0"),
    "a slope of 0": (2, ["set", "--slope", "0"], f"slope: 0.0 {NUMBER} above 0; nothing was written"),
    "no number": (2, ["set", "--slope", "nan"], f"slope: nan {NUMBER}"),
    "a word": (2, ["set", "--slope", "steep"], 'unable to convert "steep" into float'),
    "limits": (2, ["set", "--t2", "2", "1"], "limits.t2: warning 2.0 is above error 1.0"),
    "half of the limits": (2, ["set", "--t2", "2"], "--t2 requires 2 positional arguments"),
    "an empty reason": (2, ["set", "--bias", "2", "--reason", ""], "reason: '' (text), expected one line"),
    "the same again": (1, ["set", "--bias", "1"], "version 1 says the same; nothing was written"),
    "no such entry": (2, ["remove", "--instrument", "A"], "no entry for instrument A, there is all other samples"),
    "no such limit": (2, ["remove", "--q"], "the entry for all other samples says nothing of q"),
    "no such version": (2, ["revert", "2"], "no version 2, there are 1 to 1"),
    "none to show": (2, ["show", "--version", "0"], "no version 0, there are 1 to 1"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrongly_asked_is_told_and_changes_nothing(what: str, model: Path) -> None:
    open_settings(model).add([{"targets": {"target 0": {"bias": 1.0}}}], author="Ada", reason="ring test")
    before = beside(model).read_bytes()
    code, (verb, *rest), said = WRONG[what]
    given = () if verb == "show" else REASON[2:] if "--reason" in rest else REASON
    done = n4a("settings", verb, model, *rest, *given, environment={"COLUMNS": "300"})
    assert (done.returncode, done.stdout) == (code, "") and said in done.stderr
    assert beside(model).read_bytes() == before
    assert done.stderr.count("\n") == 1 or not done.stderr.startswith("n4a: ")


def test_a_reason_must_be_given(model: Path) -> None:
    for verb in (["set", "--bias", "1"], ["remove"], ["revert", "1"]):
        done = n4a("settings", verb[0], model, *verb[1:])
        assert (done.returncode, done.stdout) == (2, "") and "--reason" in done.stderr
    assert not beside(model).exists()


def test_what_is_no_bundle_has_no_settings(model: Path) -> None:
    done = n4a("settings", "show", f"{model}.py")
    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr.startswith(f"n4a: {model}.py: it cannot be opened: ") and done.stderr.count("\n") == 1


@pytest.mark.parametrize("verb", ["show", "history", "set", "remove", "revert"])
def test_a_file_that_is_not_as_it_should_be_is_left(verb: str, model: Path) -> None:
    beside(model).write_text("{}")
    given = {"set": ["--bias", "1", *REASON], "remove": REASON, "revert": ["1", *REASON]}.get(verb, ())
    done = n4a("settings", verb, model, *given)
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr == f"n4a: {beside(model)}: format: None (null), expected 'n4a settings'\n"
    assert beside(model).read_text() == "{}"


def test_settings_that_are_none_keep_the_model_from_predicting_and_are_named(model: Path) -> None:
    data = "\n".join([",".join(f"x{i}" for i in range(12)), ",".join(["0.5"] * 11 + ["0.25"])]).encode()
    predicting = ("predict", model, "-")
    for bad in (b"{", b"[" * 100_000, b"\xff", b'{"format": "n4a settings"}', b"null"):
        beside(model).write_bytes(bad)
        for asked in (predicting, ("info", model), ("settings", "show", model)):
            done = n4a(*asked, given=data)
            assert done.returncode == 4 and f"{beside(model)}: " in done.stderr and not done.stdout
        assert n4a(*predicting, "--no-settings", given=data).returncode == 0
    beside(model).unlink()
    beside(model).mkdir()
    done = n4a(*predicting, given=data)
    assert done.returncode == 4 and f"{beside(model)}: Is a directory" in done.stderr
    for settings in (model.with_name("none.json"), model):
        done = n4a(*predicting, "--settings", settings, given=data)
        assert done.returncode == 4 and f"{settings}: " in done.stderr
