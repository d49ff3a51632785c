"""The real transformers of chemotools and nirs4all, as written down by `record_foreign`: read as what they answered."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from n4akit.bundle.capture import verify
from n4akit.bundle.capture.nested import understood
from n4akit.bundle.capture.registry import READERS, REFUSED
from n4akit.bundle.capture.state import State
from n4akit.bundle.capture.verify import prove
from n4akit.bundle.errors import CaptureError

from .stand_ins import stand_in

RECORDS: list[dict[str, Any]] = [
    json.loads(line) for line in (Path(__file__).parent / "foreign.jsonl").read_text("utf-8").splitlines()
]


def title(record: dict[str, Any]) -> str:
    return str(record["class"].rpartition(".")[2])


def restored(value: Any) -> Any:
    if isinstance(value, list):
        return [restored(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "items" in value:
        return {key: restored(each) for key, each in value["items"]}
    if "array" in value:
        return np.array(value["array"], dtype=value["type"]).reshape(value["shape"])
    return stand_in(value["class"], lambda self, X: X, **{k: restored(v) for k, v in value["state"].items()})


def object_of(record: dict[str, Any]) -> Any:
    """Of the same class and state; it knows what the real one made of the rows, and nothing else."""
    rows, answers = np.array(record["rows"]), np.array(record["answers"])

    def transform(self: Any, X: Any) -> Any:
        np.testing.assert_array_equal(X, rows)
        return answers

    state = {name: restored(value) for name, value in record["state"].items()}
    fitted = stand_in(record["class"], transform, **state)
    if "kept" in record:
        type(fitted).get_support = lambda self, indices=False: np.array(record["kept"])
    return fitted


OPTIONS = {
    ("nirs4all 0.7.1", "Derivate"): "differs from its transform",
    ("nirs4all 0.7.1", "ExtendedMultiplicativeScatterCorrection"): "differs from its transform",
    ("chemotools 0.5.0", "SpectralSpaceTransform"): "with_std=True is not supported",
    ("nirs4all 0.7.1", "Resampler"): "method='quadratic' is not supported",
    ("nirs4all 1.4.10", "Resampler"): "method='quadratic' is not supported",
}
"""What of a class that is known is refused, and how."""


@pytest.fixture(autouse=True)
def only_recorded_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the real ones make of rows around their fitted state was not recorded."""
    monkeypatch.setattr(verify, "landmarks", lambda *arguments: None)


NAMED = [f"{record['of']} {title(record)} {number}" for number, record in enumerate(RECORDS)]


@pytest.mark.parametrize("record", RECORDS, ids=NAMED)
def test_it_is_read_as_what_it_answered_or_refused_by_name(record: dict[str, Any]) -> None:
    state = State.of(object_of(record), "step")
    try:
        verified = prove(state, understood(state, "transform"), np.array(record["rows"]), "transform")
    except CaptureError as error:
        expected = REFUSED.get(record["class"]) or OPTIONS[record["of"], title(record)]
        assert expected in str(error) and title(record) in str(error)
        return
    assert verified == "live" and record["class"] not in REFUSED


def test_of_each_class_something_is_read_or_all_is_refused() -> None:
    """One option that is refused does not hide that a class is never read."""
    read, seen = Counter[str](), Counter[str]()
    for record in RECORDS:
        seen[record["class"]] += 1
        try:
            state = State.of(object_of(record), "step")
            prove(state, understood(state, "transform"), np.array(record["rows"]), "transform")
            read[record["class"]] += 1
        except CaptureError:
            assert record["class"] in REFUSED or (record["of"], title(record)) in OPTIONS
    assert {name for name in seen if not read[name]} == {name for name in seen if name in REFUSED}


def test_every_foreign_class_was_recorded() -> None:
    recorded = {title(record) for record in RECORDS}
    known = {name.rpartition(".")[2] for name in (*READERS, *REFUSED) if name.startswith(("chemotools.", "nirs4all."))}
    assert known - recorded == NOT_RECORDED


NOT_RECORDED = {
    # They depend on a library that is not installed where the records were made, or on more than a spectrum.
    *("ASLSBaseline", "AirPLS", "ArPLS", "BEADS", "IASLS", "IModPoly", "ModPoly", "PyBaselineCorrection"),
    *("SNIP", "RollingBall", "XAxisInterpolator", "MetadataFunctionTransformer", "FlattenPreprocessing"),
    *("SequenceSummary", "IntegerKBinsDiscretizer", "RangeDiscretizer"),
    # It is inside a FeatureConcat.
    "_Chain",
    # They are asked for every point alone: see the stand-ins.
    *("Wavelet", "Haar"),
}
