"""The same bits from every processor feature, linear algebra library and numpy at hand."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
FOUND: list[str] = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])


def run(python: str = sys.executable, **environment: str) -> Any:
    # A processor without a feature warns that it cannot be disabled: no matter here.
    done = subprocess.run(
        [python, "-W", "ignore", str(HERE / "bits.py")],
        env=os.environ | {"PYTHONPATH": str(ROOT / ".path")} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def here() -> Any:
    return run()


@pytest.mark.parametrize("core", ["Prescott", "Nehalem", "Sandybridge", "Haswell", "SkylakeX", "Zen"])
def test_no_blas_kernel_changes_a_bit(core: str, here: Any) -> None:
    assert run(OPENBLAS_CORETYPE=core)["digest"] == here["digest"]


@pytest.mark.skipif(not FOUND, reason="numpy found no processor feature that could be disabled")
def test_no_processor_feature_changes_a_bit(here: Any) -> None:
    bare = run(NPY_DISABLE_CPU_FEATURES=" ".join(FOUND))
    assert bare["found"] == [] and here["found"] == FOUND
    assert bare["digest"] == here["digest"]
    if len(FOUND) > 1:
        assert run(NPY_DISABLE_CPU_FEATURES=FOUND[-1])["digest"] == here["digest"]


@pytest.mark.skipif(
    "N4AKIT_OLD_PYTHON" not in os.environ,
    reason="set N4AKIT_OLD_PYTHON to a Python ≥ 3.11 that has numpy 1.26",
)
def test_numpy_1_gives_the_bits_of_numpy_2(here: Any) -> None:
    old = run(os.environ["N4AKIT_OLD_PYTHON"])
    assert old["numpy"].startswith("1.26") and here["numpy"].startswith("2.")
    assert old["digest"] == here["digest"]
    assert old["buffer"] == here["buffer"] == 8192, "numpy 1 keeps what we set unless we set it back"
