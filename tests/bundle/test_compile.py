"""Compiling keeps what a plan computes, makes it shorter, and gives the same bytes wherever it is done."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from n4akit.bundle.compile import compile_plan
from n4akit.bundle.lower.program import Program
from n4akit.bundle.runtime import Output, Plan, Replay

ROOT = Path(__file__).parents[2]


def snv(program: Program, x: str) -> str:
    p = program.width(x)
    mean = program("row", x, f="sum", d=p)
    centred = program("sub", x, mean)
    std = program("map", program("row", centred, f="sumsq", d=p), f="sqrt")
    limit = program("mul", program("map", mean, f="abs"), 2.0**-48)
    return program("div", centred, program("select", std, limit, np.nan, std, f="le"))


def edges(p: int, taps: int) -> list[list[int]]:
    half = taps // 2
    left = [[1, 0, 1, 1 + i] for i in range(half)]
    right = [[1, p - taps, 1, 1 + half + i] for i in range(half)]
    return [*left, [p - 2 * half, 0, 1, 0], *right]


def plan_of(seed: int, steps: list[str], folds: int, targets: int, p: int = 40) -> Plan:
    """A chain of the named steps and `folds` linear models after it, with values drawn from `seed`."""
    rng = np.random.default_rng(seed)
    program = Program(p)
    x = program.x
    for step in steps:
        if step == "snv":
            x = snv(program, x)
        elif step == "smooth":
            x = program("banded", x, rng.normal(size=(5, 5)), runs=edges(program.width(x), 5))
        elif step == "scale":
            x = program("div", program("sub", x, rng.normal(size=p)), rng.uniform(0.5, 2.0, size=p))
        elif step == "minmax":
            x = program("add", program("mul", x, rng.uniform(0.5, 2.0, size=p)), rng.normal(size=p))
        elif step == "detrend":
            scores = program("matmul", x, rng.normal(size=(2, p)) / p)
            x = program("sub", x, program("matmul", scores, rng.normal(size=(p, 2))))
        elif step == "clip":
            x = program("min", program("max", x, -0.5), 0.5)
        elif step == "mirror":
            x = program("gather", x, np.r_[2:0:-1, 0:p, p - 2 : p - 4 : -1].astype(np.int32))
            x = program("banded", x, rng.normal(size=(1, 5)), runs=[[p, 0, 1, 0]])
    values = []
    for _ in range(folds):
        centred = program("sub", x, rng.normal(size=p))
        values.append(
            program("add", program("matmul", centred, rng.normal(size=(targets, p))), rng.normal(size=targets))
        )
    value = program("fold", *values, d=folds) if folds > 1 else values[0]
    return program.plan({"value": Output(value)})


STEPS = ["snv", "smooth", "scale", "minmax", "detrend", "clip", "mirror"]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.sampled_from(STEPS), max_size=4), st.integers(1, 5), st.integers(1, 3))
def test_the_compiled_plan_predicts_what_the_faithful_one_does(
    seed: int, steps: list[str], folds: int, targets: int
) -> None:
    plan = plan_of(seed, steps, folds, targets)
    compiled = compile_plan(plan)
    spectra = np.random.default_rng(seed + 1).normal(size=(5, 40))
    faithful, short = Replay(plan).predict(spectra), Replay(compiled).predict(spectra)
    assert np.abs(short - faithful).max() <= 1e-11 * np.abs(faithful).max()
    assert len(compiled.body) <= len(plan.body)


def test_a_whole_linear_chain_of_five_folds_becomes_one_table_behind_the_row_scaling() -> None:
    compiled = compile_plan(plan_of(1, ["snv", "smooth", "scale"], folds=5, targets=1))
    assert [line.op for line in compiled.body] == [
        *("row", "sub", "row", "map", "map", "mul", "select", "matmul", "div", "add")
    ]
    assert max(constant.shape for constant in compiled.constants.values()) == (1, 40)


def test_compiling_again_changes_nothing() -> None:
    once = compile_plan(plan_of(2, ["snv", "detrend", "scale"], folds=3, targets=2))
    twice = compile_plan(once)
    assert twice.body == once.body and twice.outputs == once.outputs
    assert all(np.array_equal(twice.constants[k].array, once.constants[k].array, True) for k in once.constants)


def test_branches_with_their_own_but_equal_preprocessing_share_it() -> None:
    program = Program(20)
    values = [program("matmul", snv(program, program.x), np.arange(20.0) + fold) for fold in range(3)]
    compiled = compile_plan(program.plan({"value": Output(program("fold", *values, d=3))}))
    assert [line.op for line in compiled.body].count("sub") == 1
    assert [line.op for line in compiled.body].count("matmul") == 1


def test_a_register_that_somebody_else_reads_is_not_computed_twice() -> None:
    program = Program(30)
    rng = np.random.default_rng(3)
    centred = program("sub", program.x, rng.normal(size=30))
    scores = program("matmul", centred, rng.normal(size=(4, 30)))
    value = program("matmul", scores, rng.normal(size=(1, 4)))
    rest = program("sub", centred, program("matmul", scores, rng.normal(size=(30, 4))))
    left = program("row", rest, f="sumsq", d=1)
    plan = program.plan({"value": Output(value), "left": Output(left)})
    compiled = compile_plan(plan)
    assert sum(c.array.size for c in compiled.constants.values()) <= sum(c.array.size for c in plan.constants.values())
    for output in ("value", "left"):
        spectra = rng.normal(size=(3, 30))
        np.testing.assert_allclose(
            Replay(compiled, [output])(spectra)[0], Replay(plan, [output])(spectra)[0], rtol=1e-12
        )


def test_a_selection_of_points_is_not_spread_over_all_of_them() -> None:
    program = Program(50)
    chosen = program("gather", program.x, np.arange(0, 50, 10, dtype=np.int32))
    compiled = compile_plan(program.plan({"value": Output(program("matmul", chosen, np.ones(5)))}))
    assert [line.op for line in compiled.body] == ["gather", "matmul"]


def test_tables_that_would_overflow_are_left_alone() -> None:
    program = Program(3)
    scaled = program("div", program.x, np.full(3, 1e-300))
    plan = program.plan({"value": Output(program("matmul", scaled, np.full(3, 1e200)))})
    assert [line.op for line in compile_plan(plan).body] == ["div", "matmul"]


def test_registers_side_by_side_are_folded_as_they_are() -> None:
    program = Program(30)
    rng = np.random.default_rng(5)
    branches = [program("matmul", program.x, rng.normal(size=(4, 30))) for _ in range(2)]
    plan = program.plan({"value": Output(program("fold", *branches, d=4, parts=2))})
    compiled, spectra = compile_plan(plan), rng.normal(size=(3, 30))
    assert Replay(compiled)(spectra)[0].tobytes() == Replay(plan)(spectra)[0].tobytes()


BYTES = """
import sys
sys.path.insert(0, {tests!r})
from test_compile import compiled_bytes
print(compiled_bytes())
"""


def compiled_bytes() -> str:
    """The digest of a compiled plan: its lines and every bit of its constants."""
    compiled = compile_plan(plan_of(4, ["snv", "detrend", "smooth", "scale"], folds=10, targets=2))
    parts = [repr(compiled.body), repr(sorted(compiled.outputs))]
    parts += [f"{name}{constant.array.tobytes().hex()}" for name, constant in compiled.constants.items()]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


@pytest.mark.parametrize(
    "environment",
    [
        {"OPENBLAS_CORETYPE": "Prescott"},
        {"OPENBLAS_CORETYPE": "Haswell", "OPENBLAS_NUM_THREADS": "1"},
        {"NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3 AVX512F AVX512CD AVX512_SKX"},
    ],
)
def test_every_processor_compiles_the_same_bytes(environment: dict[str, str]) -> None:
    code = BYTES.format(tests=str(Path(__file__).parent))
    # A processor without these features warns that they cannot be disabled: no matter here.
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == compiled_bytes()
