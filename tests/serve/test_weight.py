"""What a loaded bundle takes: every array once, whatever leads to it, and nothing that is not its own."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
from n4akit import load
from n4akit.bundle.writer import write_bundle
from n4akit.serve.weight import weight

from ..bundle.conftest import make_model


def test_every_array_counts_once_whatever_leads_to_it() -> None:
    array = np.zeros(1000)
    view = array[10:20]
    held = np.frombuffer(bytes(800))

    def function() -> object:
        return held

    assert weight([array, view, array.reshape(10, 100)]) == 8000 == weight({"only": view})
    assert weight([function, held, held.reshape(10, 10)]) == 800


def test_what_belongs_to_the_program_does_not_count() -> None:
    assert weight([np, np.add, weight, Path, Path("x"), int]) == 0


def test_it_is_near_what_a_bundle_takes_indeed(tmp_path: Path) -> None:
    path = write_bundle(make_model(3000).chain, tmp_path / "wide.n4a")
    load(path, threads=1)  # what is kept by the program from now on does not count
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        bundle = load(path, threads=1)
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert 0.7 * taken < weight(bundle) <= taken
