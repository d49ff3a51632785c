"""FORMAT.md is true: its tables are those of the code, and whoever follows it gets the golden answers, bit for bit."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from n4akit.bundle import canonical, format, load
from n4akit.bundle.archive import LARGEST, MOST
from n4akit.bundle.chain import Axis, Chain, Step, Target
from n4akit.bundle.operators import PLS, SNV, Clip, Detrend, Operator, RobustSNV, SavitzkyGolay, Scale, Select
from n4akit.bundle.runtime import places, signals
from n4akit.bundle.runtime.entry import Entry, Param
from n4akit.bundle.runtime.instructions import INSTRUCTIONS
from n4akit.bundle.writer import draft, write_bundle, write_draft

from .stranger import Stranger
from .words import CHAIN, program_of_words

DOCUMENT = (Path(__file__).parents[2] / "bundle" / "FORMAT.md").read_text("utf-8")


def table(before: str, heading: str) -> list[list[str]]:
    """The cells of the first table behind `before` whose head starts with `heading`."""
    text = DOCUMENT[DOCUMENT.index(f"\n{before}\n") :]
    text = text[text.index(f"\n| {heading}") + 1 :].split("\n\n")[0]
    rows = [re.split(r"(?<!\\)\|", line.strip()[1:-1]) for line in text.splitlines()]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def test_the_instructions_are_those_of_the_entries() -> None:
    assert table("## 6. Instructions", "instruction | operands") == [row_of(entry) for entry in INSTRUCTIONS.values()]


def row_of(entry: Entry) -> list[str]:
    params = "; ".join(f"`{param.name}`: {kind_of(param)}" for param in entry.params)
    return [f"`{entry.word}`", ", ".join(entry.slots), params, entry.semantics.replace("|", "\\|")]


def kind_of(param: Param) -> str:
    kind = (
        ", ".join(f"`{word}`" for word in param.choices)
        if param.choices
        else "digest"
        if param.digest
        else f"{'integers' if param.many else 'integer'} ≥ {param.least}"
        if param.least is not None
        else str(param.complaint(None)).removeprefix("expected a ")
    )
    default = f"`{param.default}`" if param.choices else param.default
    return kind if param.default is None else f"{kind} (default {default})"


def test_the_shapes_of_every_instruction_are_told_once() -> None:
    words = [
        word for row in table("## 6. Instructions", "instruction | must hold") for word in re.findall("`(.*?)`", row[0])
    ]
    assert words == list(INSTRUCTIONS)


def test_the_sizes_are_those_of_the_code() -> None:
    assert LARGEST == 2**32 - 2 and "at most 2³² − 2 bytes" in DOCUMENT
    assert MOST == 65_534 and f"{MOST:,} members" in DOCUMENT
    assert format.LARGEST == 2**24 and "at most 2²⁴ bytes" in DOCUMENT
    assert canonical.DEEPEST == 32 and "at most 32 deep" in DOCUMENT
    assert canonical.INTEGER == 2**53 and "from −2⁵³ to 2⁵³" in DOCUMENT


# Each record of the manifest: the heading of its table, and the way to one in a real manifest.
RECORDS: list[tuple[str, Callable[[Any], Any]]] = [
    ("### manifest", lambda m: m),
    ("### manifest.targets[]", lambda m: m["targets"][0]),
    ("### manifest.chain", lambda m: m["chain"]),
    ("### manifest.chain.steps[]", lambda m: m["chain"]["steps"][0]),
    ("### manifest.plans", lambda m: m["plans"]),
    ("### manifest.artifacts.*", lambda m: next(iter(m["artifacts"].values()))),
    ("### manifest.golden", lambda m: m["golden"]),
    ("### manifest.classes", lambda m: m.setdefault("classes", {})),
    ("### manifest.sources[]", lambda m: m.setdefault("sources", [{"name": "a", "width": 1}])[0]),
    ("### manifest.axis", lambda m: m["axis"]),
    ("### plan", lambda m: m["plans"]["compiled"]),
    ("### plan.inputs[]", lambda m: m["plans"]["compiled"]["inputs"][0]),
    ("### plan.consts.* in the document", lambda m: m["plans"]["compiled"]["consts"]["k1"]),
    ("### plan.consts.* as an artifact", lambda m: m["plans"]["compiled"]["consts"]["k0"]),
    ("### plan.outputs.*", lambda m: m["plans"]["compiled"]["outputs"]["value"]),
]


def complaints(manifest: Any) -> str:
    return "; ".join(format.parse(canonical.encode(manifest))[1])


@pytest.mark.parametrize(("heading", "place"), RECORDS, ids=[heading for heading, _ in RECORDS])
def test_the_keys_of_the_manifest_are_those_of_the_schema(
    model: Any, heading: str, place: Callable[[Any], Any]
) -> None:
    data = dict(draft(*model).contents)["manifest.json"]
    rows = {row[0].strip("`"): row[1] for row in table(heading, "key |")}
    manifest = json.loads(data)
    place(manifest)["?"] = 0
    found = re.search(r"'\?' is unknown, expected ([^;]*)", complaints(manifest))
    assert found and found[1].split(", ") == sorted(rows)
    for key, value in rows.items():
        manifest = json.loads(data)
        place(manifest).pop(key, None)
        assert bool(complaints(manifest)) != ("optional" in value), key


def test_the_keys_of_a_line_are_those_of_the_schema(model: Any) -> None:
    # What else a line holds are parameters: the schema leaves them to the instructions.
    rows = {row[0].strip("`"): row[1] for row in table("### plan.body[]", "key |")}
    data = dict(draft(*model).contents)["manifest.json"]
    for key, value in rows.items():
        manifest = json.loads(data)
        manifest["plans"]["faithful"]["body"][8][key] = {"not": "this"}
        assert f"body[8].{key}: " in complaints(manifest)
        del manifest["plans"]["faithful"]["body"][8][key]
        assert (f"body[8]: {key!r} is missing" in complaints(manifest)) != ("optional" in value)


@pytest.mark.parametrize(
    ("before", "signature"),
    [
        ("Local header, then name, then extra field, then content:", b"PK\3\4"),
        ("Directory entry, in the order of the members:", b"PK\1\2"),
        ("End record:", b"PK\5\6"),
    ],
)
def test_every_byte_of_the_headers_is_as_told(saved: Path, before: str, signature: bytes) -> None:
    data = saved.read_bytes()
    starts = [found.start() for found in re.finditer(re.escape(signature), data)]
    for start in starts:
        end = 0
        for offset, size, _, value in table(before, "offset | size"):
            if not (offset.isdecimal() and size.isdecimal()):
                continue
            assert int(offset) == end
            end = int(offset) + int(size)
            field = data[start + int(offset) : start + end]
            number = re.match(r"(\d+)(?:$|,)|`0x([0-9A-F]+)`", value)
            if value.startswith("`50 4B"):
                assert field == signature == bytes.fromhex(value.strip("`"))
            elif number:
                assert int.from_bytes(field, "little") == (int(number[1]) if number[1] else int(number[2], 16))


def step(index: int, *operators: Operator) -> Step:
    return Step(index, "step", "some.Step", {}, operators)


def zoo() -> Chain:
    """A chain whose plans use nearly every instruction."""
    rng = np.random.default_rng(5)
    index = np.array([2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 29], dtype=np.int32)
    first = (
        step(1, RobustSNV()),
        step(2, SavitzkyGolay(7, 2, 1)),
        step(3, Select(index)),
        step(4, Scale(rng.normal(size=11), rng.uniform(0.5, 2.0, 11)), Clip(-0.75, 1.25)),
        step(5, Detrend(1)),
        step(6, SNV()),
    )
    branches = {
        f"fold {fold}": (*first, step(7, PLS(rng.normal(size=(3, 11)), rng.normal(size=11), rng.normal(size=3))))
        for fold in range(3)
    }
    return Chain(40, branches, tuple(map(Target, "abc")), Axis(np.linspace(1000.0, 2500.0, 40), "nm"))


@pytest.fixture(params=["by hand", "three targets", "wide", "zoo", "words", "measured"])
def bundle(request: pytest.FixtureRequest, models: Callable[..., Any], tecator: Any, tmp_path: Path) -> Path:
    path = tmp_path / "model.n4a"
    if request.param == "zoo":
        return write_bundle(zoo(), path)
    if request.param == "words":
        return write_draft(draft(CHAIN, program_of_words(), program_of_words()), path)
    if request.param == "measured":
        model = models(width=100, folds=5)
        return write_draft(draft(model.chain, model.faithful, model.compiled, tecator.X), path)
    sizes = {"by hand": {}, "three targets": {"targets": 3}, "wide": {"width": 8500, "folds": 1}}
    return write_draft(draft(*models(**sizes[request.param])), path)


def bits(rows: list[list[float]]) -> list[bytes]:
    return [struct.pack(f"<{len(row)}d", *row) for row in rows]


def test_whoever_follows_the_document_gets_the_golden_answers(bundle: Path) -> None:
    stranger = Stranger(bundle)
    for kind in ("compiled", "faithful"):
        found = [stranger.predict(kind, row) for row in stranger.golden_rows()]
        assert bits(found) == bits(stranger.answers[kind])
    assert stranger.digest == load(bundle).digest == sha256(stranger.members["manifest.json"]).hexdigest()


def test_a_stranger_and_we_agree_on_any_spectrum(bundle: Path) -> None:
    stranger, ours = Stranger(bundle), load(bundle)
    X = np.random.default_rng(3).normal(size=(4, ours.n_features))
    expected = ours.predict(X).reshape(4, -1)
    # What is told beside the value comes after it.
    found = [stranger.predict("compiled", row)[: expected.shape[1]] for row in X.tolist()]
    assert bits(found) == bits(expected.tolist())


def test_zoo_and_words_are_every_word_of_the_document(tmp_path: Path) -> None:
    zoo_words = {*load(write_bundle(zoo(), tmp_path / "zoo.n4a")).manifest["features"]}
    assert {*INSTRUCTIONS} - zoo_words - {line.op for line in program_of_words().body} == {"opaque"}


def test_the_rules_of_the_axis_are_those_of_the_code() -> None:
    text = " ".join(DOCUMENT[DOCUMENT.index("\n## 12. ") : DOCUMENT.index("\n## 13. ")].split())
    assert f"{places.SLACK:g} times the smallest step" in text
    assert f"more than {places.COARSE:g} steps of the model at q" in text
    assert (
        f"more than {places.GAP:g} steps, or more than {places.COARSE:g} steps and more than {places.HOLE:g} times"
        in text
    )
    assert places.EDGE == 0.5 and "by at most half a step" in text
    words = [row[0].strip("`").removesuffix(" U") for row in table("## 12. The axis of spectra", "word |")]
    stored = json.loads((Path(__file__).parents[1] / "axis_ladder.json").read_text("utf-8"))
    for rung in stored.values():
        said = [
            next(i for i, word in enumerate(words) if found.startswith(word))
            for found in rung["axis_action"].split("; ")
        ]
        assert said == sorted(said), "in the order of the table"


def test_the_signals_are_those_of_the_code() -> None:
    rows = table("## 13. The signal", "signal |")
    assert [row[0].strip("`") for row in rows] == list(signals.SIGNALS)
    for signal, _, written in rows:
        others = {"".join(word.lower().split()) for word in written.split(", ")}
        assert others == {*signals.SIGNALS[signal.strip("`")]}
    named = next(row[2] for row in table("### manifest", "key |") if row[0] == "`signal`")
    assert re.findall("`(.*?)`", named) == list(signals.SIGNALS)


def test_the_steps_of_a_conversion_are_those_of_the_code() -> None:
    rows = table("## 13. The signal", "step |")
    assert {row[0] for row in rows} == {*signals.STEPS}
    order = [row[0] for row in rows]
    for source, own in (("%R", "absorbance"), ("A", "percent transmittance"), ("R", "percent reflectance")):
        steps = signals.conversion_to(own, source).steps
        assert sorted(steps, key=order.index) == list(steps)
    told = [[numbers(cell) for cell in row[1:]] for row in table("## 13. The signal", "S |")]
    for (least, largest), (source, own) in zip(told, (("A", "R"), ("R", "%R"), ("%R", "R")), strict=True):
        way, dark = (
            signals.conversion_to(signals.signal_named(own), source),
            signals.conversion_to("absorbance", source),
        )
        assert ([way.least], [way.largest]) == (least[-1:], largest)
        assert dark.steps == () or [dark.least, dark.largest] == [least[0], *largest]
    assert signals.LN_10.hex() in DOCUMENT


def numbers(cell: str) -> list[float]:
    """The numbers in a cell, in which powers of ten stand as 10⁻²⁰."""
    exponents = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    found = re.findall(r"(?:10(⁻[⁰¹²³⁴⁵⁶⁷⁸⁹]+)|([−\d]+))", cell)
    return [
        float(f"1e{power.translate(exponents)}") if power else float(plain.replace("−", "-")) for power, plain in found
    ]
