"""Fit the zoo where this runs, with any scikit-learn from 1.3 on, and leave it for another environment to read.

Run there, with this project's folder and its `.path` on PYTHONPATH; numpy and scikit-learn are enough:

    python -m tests.bundle.elsewhere ZIP            # every entry: pickled, with its answers, and captured there
    python -m tests.bundle.elsewhere ZIP NAME...    # these alone, not captured: as in tests/bundle/history/pickles
"""

from __future__ import annotations

import io
import json
import pickle
import sys
import tempfile
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import sklearn

from .zoo import ZOO, available

__all__ = ["Left", "open_left"]

ENVIRONMENT = {"scikit-learn": sklearn.__version__, "numpy": np.__version__}


@dataclass(frozen=True, eq=False)
class Left:
    """What the other environment left of one entry."""

    name: str
    files: dict[str, bytes]
    """By suffix: the object as `pickle` and `joblib`; its capture as `n4a`, where there was one."""
    answers: dict[str, Any]
    """By method, on the new rows."""
    refused: str
    """Why it was not captured there; empty if it was, or was not tried."""


def open_left(path: Path) -> tuple[dict[str, str], dict[str, Left]]:
    """The versions of the other environment, and what it left."""
    with zipfile.ZipFile(path) as archive:
        index = json.loads(archive.read("index.json"))
        left = {}
        for number, (name, refused) in enumerate(index["entries"].items()):
            members = [n for n in archive.namelist() if n.startswith(f"{number}.")]
            files = {n.partition(".")[2]: archive.read(n) for n in members}
            answers = {s.removesuffix(".npy"): np.load(io.BytesIO(files.pop(s))) for s in [*files] if ".npy" in s}
            left[name] = Left(name, files, answers, refused)
    return index["environment"], left


def main(path: Path, names: list[str]) -> None:
    """Leave everything in one file."""
    entries = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, name in enumerate(names or available()):
            fitted = ZOO[name].fit()
            archive.writestr(f"{number}.pickle", pickle.dumps(fitted, 4))
            for method, values in ZOO[name].answers(fitted).items():
                archive.writestr(f"{number}.{method}.npy", _saved(np.save, values))
            entries[name] = ""
            if not names:
                archive.writestr(f"{number}.joblib", _saved(joblib.dump, fitted, compress=3))
                bundle, entries[name] = _captured(fitted)
                if bundle is not None:
                    archive.writestr(f"{number}.n4a", bundle)
        archive.writestr("index.json", json.dumps({"environment": ENVIRONMENT, "entries": entries}, indent=1))
    print(f"scikit-learn {sklearn.__version__}: {len(entries)} entries")


def _saved(save: Any, value: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    save(*((value, buffer) if save is joblib.dump else (buffer, value)), **options)
    return buffer.getvalue()


def _captured(fitted: Any) -> tuple[bytes | None, str]:
    """The bundle of an object where it was fitted, or why there is none."""
    from n4akit.bundle.capture import from_sklearn
    from n4akit.bundle.errors import CaptureError
    from n4akit.bundle.writer import write_bundle

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            chain = from_sklearn(fitted, n_features=16, environment=ENVIRONMENT)
    except CaptureError as error:
        return None, str(error)
    with tempfile.TemporaryDirectory() as folder:
        return write_bundle(chain, Path(folder) / "there.n4a").read_bytes(), ""


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
