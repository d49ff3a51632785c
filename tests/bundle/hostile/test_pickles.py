"""Opaque bundles whose pickles do not work here: said by `load` and `verify`, asked for or not."""

from __future__ import annotations

import hashlib
import json
import pickle
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from n4akit.bundle import BundleError, load, verify
from n4akit.bundle.chain import Chain, Step, Target
from n4akit.bundle.operators import Opaque
from n4akit.bundle.writer import write_bundle

from .forge import Contents, dumps, packed, role, taken, with_artifact, with_golden

# What follows the end of a pickle is not read: room for another one of the same size.
MEAN = pickle.dumps(partial(np.mean, axis=1)).ljust(1000)
NOBODY_HAS = b"ca_module_that_nobody_has\nModel\n."


@pytest.fixture
def opaque(tmp_path: Path) -> Contents:
    """A bundle whose only step is a pickle, the mean."""
    sha256 = hashlib.sha256(MEAN).hexdigest()
    step = Step(1, "Mean", "somebody.Mean", {}, (Opaque(sha256, 1),), "live")
    chain = Chain(12, {"0": (step,)}, (Target("y"),), opaque={sha256: MEAN})
    return taken(write_bundle(chain, tmp_path / "good.n4a"))


def said_of(path: Path) -> str:
    """What is said of a bundle with pickles when these are asked for."""
    with pytest.raises(BundleError) as caught:
        load(path, allow_opaque=True)
    assert verify(path, allow_opaque=True).problems[: len(caught.value.problems)] == caught.value.problems
    return "; ".join(caught.value.problems)


FAILURES: list[tuple[bytes, str]] = [
    (NOBODY_HAS, "cannot be unpickled here: ModuleNotFoundError: No module named 'a_module_that_nobody_has'"),
    (b"\n", "cannot be unpickled here: "),
    (MEAN[:40], "cannot be unpickled here: "),
    (pickle.dumps({"coef": 1}), "is a dict, expected something that predicts or transforms"),
    (pickle.dumps(None), "is a NoneType, expected something that predicts or transforms"),
    (pickle.dumps(np.linalg.inv), "fails on these spectra: LinAlgError: Last 2 dimensions"),
    (pickle.dumps(partial(np.mean, axis=0)), "answers 6 spectra with an array of shape (12,)"),
    (pickle.dumps(partial(np.add, 0.0)), "a pickled step answered with shape (6, 12), expected (6, 1)"),
    (pickle.dumps(partial(np.full, (6, 1), np.nan)), "fails on these spectra: TypeError"),
    (pickle.dumps(partial(np.max, axis=1)), "golden row 1: the compiled plan answers "),
]


@pytest.mark.parametrize(("pickled", "words"), FAILURES, ids=[words[:30] for _, words in FAILURES])
def test_a_pickle_that_does_not_work_here_is_refused(
    opaque: Contents, tmp_path: Path, pickled: bytes, words: str
) -> None:
    path = tmp_path / "opaque.n4a"
    path.write_bytes(packed(with_artifact(opaque, role(opaque, "opaque"), pickled)))
    assert words in said_of(path)


@pytest.mark.parametrize(("factor", "good"), [(1.0 + 2.0**-40, True), (1.0 + 2.0**-20, False)])
def test_foreign_arithmetic_may_differ_in_the_last_bits_alone(
    opaque: Contents, tmp_path: Path, factor: float, good: bool
) -> None:
    expected = [
        [(float.fromhex(v) * factor).hex() for v in row] for row in json.loads(opaque["golden.json"])["compiled"]
    ]
    path = tmp_path / "opaque.n4a"
    path.write_bytes(packed(with_golden(opaque, dumps({"compiled": expected, "faithful": expected}))))
    problems = verify(path, allow_opaque=True).problems
    assert bool(problems) != good and all("plan answers" in problem for problem in problems)


def test_an_altered_pickle_is_not_unpickled_even_when_asked_for(opaque: Contents, tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    path = tmp_path / "opaque.n4a"
    name = f"artifacts/{role(opaque, 'opaque')}.pkl"
    code = f"cposix\nsystem\n(S'touch {trap}'\ntR.".encode().ljust(1000)
    path.write_bytes(packed(opaque | {name: code}))
    assert f"member {name}: its content has the sha256" in said_of(path)
    assert not trap.exists()
    pickle.loads(code)
    assert trap.exists()
