"""What today's environment makes of an object that another one fitted: it is right, or it is refused by name."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.chain import Chain
from n4akit.bundle.dialects import unpickle
from n4akit.bundle.errors import CaptureError
from n4akit.bundle.writer import prepare

from .agreement import carried, differences, names_what_it_refuses
from .elsewhere import Left
from .zoo import ZOO

__all__ = ["judge", "opened"]

CAPTURED, REFUSED = "captured", "refused"


def opened(left: Left, kind: str, folder: Path) -> tuple[Any, dict[str, str]]:
    """The object in a pickle of this kind, and what the pickle says of its origin; raises CaptureError."""
    path = folder / f"model.{kind}"
    path.write_bytes(left.files[kind])
    with warnings.catch_warnings():
        # That the versions differ is what is tested, and that a class will be gone one day is no matter.
        warnings.simplefilter("ignore")
        return unpickle(path, trust=True)


def judge(left: Left, kind: str, folder: Path, version: str) -> str:
    """`captured` or `refused`; raises AssertionError when it answers otherwise, or is refused without saying what.

    It is captured twice: knowing who wrote it, and not knowing, as by someone who unpickled it by himself.
    """
    try:
        fitted, environment = opened(left, kind, folder)
    except CaptureError as error:
        # One line says who wrote it and what to do.
        assert f"scikit-learn {version} wrote it: capture it in the environment where it was fitted" in str(error)
        return REFUSED
    assert environment == {"scikit-learn": version}
    _captured(left, fitted, {}, folder)
    return CAPTURED if _captured(left, fitted, environment, folder) else REFUSED


def _captured(left: Left, fitted: Any, environment: Mapping[str, str], folder: Path) -> Chain | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            chain = from_sklearn(fitted, n_features=16, environment=environment)
    except CaptureError as error:
        assert names_what_it_refuses(ZOO[left.name], error), error
        return None
    assert differences(carried(prepare(chain), folder), left.answers) == []
    return chain
