"""A small good bundle, what it consists of, and the proof that a file is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from n4akit.bundle import BundleError, load, verify
from n4akit.bundle.writer import draft, write_draft

from .forge import Contents, packed, taken


@pytest.fixture
def good(saved: Path) -> Contents:
    """The members of a good bundle: two folds, twelve points, one target, with an axis."""
    return taken(saved)


@pytest.fixture
def tiny(models: Callable[..., Any], tmp_path: Path) -> Path:
    """The smallest bundle: one fold, three points, one array."""
    return write_draft(draft(*models(width=3, folds=1, axis=False)), tmp_path / "tiny.n4a")


@pytest.fixture
def refused(tmp_path: Path) -> Callable[[bytes | Contents], str]:
    """Asserts that a file of these bytes, or members, gives no model but a BundleError; answers what it says."""

    def refused(content: bytes | Contents) -> str:
        path = tmp_path / "hostile.n4a"
        path.write_bytes(content if isinstance(content, bytes) else packed(content))
        with pytest.raises(BundleError) as caught:
            load(path)
        assert type(caught.value) is BundleError and str(caught.value).startswith(f"{path}: ")
        assert verify(path).problems
        return "; ".join(caught.value.problems)

    return refused
