"""What an import costs: whoever predicts loads numpy and the standard library, and each room stands alone."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOUSE = ("bundle", "serve", "store", "templates")

# Site hooks of the interpreter may load what they like before us: only what comes after counts.
LOADED = """
import json, sys
before = set(sys.modules)
{code}
print(json.dumps(sorted(set(sys.modules) - before)))
"""


@cache
def loaded(code: str, *arguments: str) -> frozenset[str]:
    """The modules that a fresh interpreter loads to run this."""
    command = [sys.executable, "-c", LOADED.format(code=code), *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout)
    return frozenset(found)


def heavier(modules: frozenset[str]) -> set[str]:
    """Top-level packages among these that are neither ours, nor numpy, nor of the standard library."""
    return {name.split(".")[0] for name in modules} - {"n4akit", "numpy"} - sys.stdlib_module_names


def own(modules: frozenset[str]) -> set[str]:
    return {name for name in modules if name.split(".")[0] == "n4akit"}


WRITE = """
import numpy as np
from n4akit.bundle.chain import Chain, Step, Target
from n4akit.bundle.operators import PLS, SNV
from n4akit.bundle.writer import write_bundle
model = PLS(np.arange(9.0).reshape(1, 9), np.zeros(9), np.zeros(1))
steps = (Step(1, "SNV", "x.SNV", {}, (SNV(),)), Step(2, "PLS", "x.PLS", {}, (model,)))
write_bundle(Chain(9, {"0": steps}, (Target("y"),)), sys.argv[1])
"""

PREDICT = """
import n4akit, numpy
before = set(sys.modules)
bundle = n4akit.load(sys.argv[1])
spectra = numpy.eye(9)
bundle.predict(spectra), bundle.predict_full(spectra), bundle.plan("faithful"), bundle.info()
assert n4akit.verify(sys.argv[1]).problems == ()
"""


def test_importing_n4akit_loads_numpy_and_the_standard_library() -> None:
    modules = loaded("import n4akit")
    assert heavier(modules) == set() and "numpy" in modules


def test_importing_n4akit_loads_nothing_that_makes_bundles() -> None:
    rooms = ("capture", "compile", "lower", "operators", "transformers", "writer", "script", "export", "golden")
    modules = own(loaded("import n4akit"))
    assert modules & {f"n4akit.bundle.{name}" for name in rooms} == set()
    assert modules & {"n4akit.serve", "n4akit.store", "n4akit.templates"} == set()


def test_writing_a_bundle_needs_no_more_and_predicting_loads_nothing_at_all(tmp_path: Path) -> None:
    path = str(tmp_path / "model.n4a")
    assert heavier(loaded(WRITE, path)) == set()
    modules = loaded(PREDICT, path)
    assert own(modules) == set() and heavier(modules) == set()


ROOMS = [
    "n4akit.bundle",
    "n4akit.bundle.capture",
    "n4akit.bundle.compile",
    "n4akit.bundle.dialects",
    "n4akit.bundle.domain",
    "n4akit.bundle.lower",
    "n4akit.bundle.plots",
    "n4akit.bundle.runtime",
    "n4akit.bundle.transformers",
    "n4akit.serve",
    "n4akit.serve.cli",
    "n4akit.serve.protocols",
    "n4akit.serve.routes",
    "n4akit.store",
    "n4akit.templates",
]


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_is_imported_alone(room: str) -> None:
    assert room in loaded(f"import {room}")


def test_every_room_is_known_here() -> None:
    folders = {path.parent.relative_to(ROOT).parts for room in HOUSE for path in (ROOT / room).rglob("__init__.py")}
    assert sorted(".".join(("n4akit", *parts)) for parts in folders) == ROOMS


@pytest.mark.parametrize(
    ("room", "never"),
    [
        ("n4akit.serve.cli", {"duckdb", "litestar", "uvicorn", "sklearn", "polars", "pyarrow"}),
        ("n4akit.bundle.capture", {"sklearn", "scipy", "duckdb", "litestar"}),
        ("n4akit.store", {"litestar", "uvicorn", "sklearn"}),
        ("n4akit.serve.app", {"duckdb", "polars", "sklearn", "pyarrow"}),
    ],
)
def test_rooms_leave_to_others_what_is_theirs(room: str, never: set[str]) -> None:
    assert never & loaded(f"import {room}") == set()
