"""Calls bound to other spectra compute what the kernel's calls for these would."""

from __future__ import annotations

from functools import partial
from random import Random
from typing import Any

import numpy as np
from n4akit.bundle.runtime.program import PROFILES, programs
from n4akit.bundle.runtime.rebinding import Reader, _loosen

from .programs import WORDS, bits, draw_lines, draw_rows

ROWS = 40


def test_every_word_reads_the_spectra_it_is_given_and_no_others() -> None:
    for profile in PROFILES:
        for word in WORDS:
            for seed in range(6):
                _read_twice(word, seed, profile)


def _read_twice(word: str, seed: int, profile: str) -> None:
    plan = draw_lines(Random(seed), word, 23)
    _, program = programs(plan, tuple(plan.outputs), {}, profile)
    name = program.given[0]
    place = np.empty((0, 0))
    for line, kernel in program.lines:
        if name not in line.inputs or any(n != name and n not in plan.constants for n in line.inputs):
            continue
        X = [draw_rows(Random(seed + i), ROWS, 23, ["plain"]) for i in range(3)]
        out = np.empty((ROWS, plan.widths[line.out]))

        def made(out: Any, *operands: Any, kernel: Any = kernel) -> Any:
            return kernel(out, lambda width, dtype=np.float64: np.empty((ROWS, width), dtype), *operands)

        held = [place if n == name else plan.constants[n].array for n in line.inputs]
        reader = Reader(lambda *operands, out=out, made=made: made(out, *operands), held, place)
        for x in (*X, X[0]):
            expected = np.empty_like(out)
            with np.errstate(all="ignore"):
                for call in made(expected, *[x if operand is place else operand for operand in held]):
                    call()
                for call in reader.calls(x):
                    call()
            assert bits(out) == bits(expected)


def test_a_call_that_may_hold_the_spectra_elsewhere_is_made_anew() -> None:
    x, out = np.ones((4, 3)), np.empty((4, 3))
    assert _loosen(partial(np.add, x[:, :1], x, out), x) is not None
    for call in (
        lambda: x,
        partial(lambda y: x + y, 1.0),
        partial(x.argmax, 1),
        partial(sum, [x, x]),
        partial(np.add, 1.0, 1.0, out=x),
        partial(np.add, x.view(np.int64), 1, out),
    ):
        assert _loosen(call, x) is None
