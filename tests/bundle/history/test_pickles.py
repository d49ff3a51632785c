"""Pickles of former versions of scikit-learn: what was fitted there predicts here as it did there, or is refused.

`python -m tests.bundle.elsewhere ZIP NAME...` made them, in an environment of that version, from the names in NAMES.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ..elsewhere import Left, open_left
from ..foreign import judge

FOLDER = Path(__file__).parent / "pickles"
NAMES = (FOLDER / "names.txt").read_text("utf-8").splitlines()
VERSIONS = ("1.3.2", "1.5.2", "1.7.2")

MUST = (FOLDER / "captured.txt").read_text("utf-8").splitlines()
"""What must be captured of every version, one name in a line."""

LEFT: dict[tuple[str, str], Left] = {}
for _version in VERSIONS:
    _environment, _entries = open_left(FOLDER / f"{_version}.zip")
    assert _environment["scikit-learn"] == _version
    LEFT |= {(_version, name): left for name, left in _entries.items()}


@pytest.mark.parametrize(("version", "name"), [(v, n) for v in VERSIONS for n in NAMES])
def test_it_answers_as_where_it_was_fitted_or_is_refused_by_name(version: str, name: str, tmp_path: Path) -> None:
    verdict = judge(LEFT[version, name], "pickle", tmp_path, version)
    assert verdict == "captured" or name not in MUST
