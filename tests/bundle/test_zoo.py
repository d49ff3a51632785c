"""The zoo, fitted here: each entry is captured and predicts as scikit-learn does, or is refused by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from n4akit.bundle.capture import READERS, from_sklearn
from n4akit.bundle.capture.origin import COMPARED
from n4akit.bundle.errors import CaptureError
from n4akit.bundle.script import script_text
from n4akit.bundle.writer import prepare

from .agreement import carried, differences, names_what_it_refuses
from .zoo import RETIRED, ZOO, X_new, available

CAPTURED = (Path(__file__).parent / "zoo_captured.txt").read_text("utf-8").splitlines()
"""What must be captured, one name in a line: whoever teaches capture something new adds to it."""


@pytest.mark.parametrize("name", available())
def test_it_predicts_as_scikit_learn_does_or_is_refused_by_name(name: str, tmp_path: Path) -> None:
    animal = ZOO[name]
    fitted = animal.fit()
    try:
        chain = from_sklearn(fitted, n_features=16)
    except CaptureError as error:
        assert name not in CAPTURED and names_what_it_refuses(animal, error), error
        return
    draft = prepare(chain)
    bundle = carried(draft, tmp_path)
    assert differences(bundle, animal.answers(fitted)) == []
    script: dict[str, Any] = {"__name__": "script"}
    exec(script_text(chain, draft, "zoo"), script)
    assert script["predict"](X_new[:3].tolist()) == bundle.predict(X_new[:3]).tolist()


def test_what_must_be_captured_is_in_the_zoo() -> None:
    assert set(CAPTURED) <= set(ZOO) and len(set(CAPTURED)) == len(CAPTURED)
    gone = {name for name in ZOO if any(part in name for part in RETIRED)}
    assert set(ZOO) - set(available()) <= gone


def test_every_class_that_can_be_read_or_was_compared_is_in_the_zoo() -> None:
    inside = set().union(*(animal.classes for animal in ZOO.values()))
    known = {name.rpartition(".")[2] for name in READERS if name.startswith("sklearn.")}
    compared = {name for names in COMPARED.values() for name in names}
    # What these make for themselves, what make_pipeline makes, and what no pipeline of one target can hold.
    parts = {"OneHotEncoder", "LabelEncoder", "LabelBinarizer", "KernelCenterer", "Pipeline", "PLSSVD"}
    assert known - parts - inside == set() and compared - parts - inside == set()
