"""Another engine finds the same leaves: no bit differs on thresholds, beside them or anywhere, and nothing is loaded
unasked.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from n4akit import BundleError, PlanError, load
from n4akit.bundle import engines, onnx_forests
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.compile import compile_plan
from n4akit.bundle.engines import LEAST, LEAVES, engine_of
from n4akit.bundle.export import export
from n4akit.bundle.landmarks import landmarks
from n4akit.bundle.lower import lower
from n4akit.bundle.runtime import Constant, Input, Instruction, Output, Plan, Replay
from n4akit.bundle.runtime.trees import add_leaves
from numpy.typing import NDArray
from sklearn.ensemble import (
    AdaBoostRegressor,
    BaggingRegressor,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeRegressor

from ..conftest import Tecator
from .runtime.programs import bits, draw_lines, draw_rows

Matrix = NDArray[np.float64]

MISSING = [name for name in ("onnx", "onnxruntime") if importlib.util.find_spec(name) is None]
needs_onnxruntime = pytest.mark.skipif(
    bool(MISSING) and os.environ.get("CI") != "true",
    reason=f"{' and '.join(MISSING)} not installed: pip install n4akit[onnx] brings them",
)


def both(plan: Plan, threads: int = 2) -> tuple[Replay, Replay]:
    """A plan with all its outputs, walked by onnxruntime and by numpy."""
    names = tuple(plan.outputs)
    return Replay(plan, names, engine=engine_of("onnxruntime", threads)), Replay(plan, names)


def plan_of(kids: list[list[int]]) -> Plan:
    """One tree on three points; each node holds its number."""
    count = len(kids)
    feature, threshold = np.arange(count, dtype=np.int32) % 3, np.linspace(-1.0, 1.0, count)
    constants = (
        feature,
        threshold,
        np.array(kids, np.int32).ravel(),
        np.arange(float(count))[:, None],
        np.zeros(1, int),
    )
    held = {f"k{number}": Constant.of(values) for number, values in enumerate(constants)}
    return Plan(
        (Input("x", 3),), held, (Instruction("forest", ("x", *held), "y", {"groups": [1]}),), {"value": Output("y")}
    )


def chain_of_nodes(depth: int) -> list[list[int]]:
    """A tree that has one leaf on each of so many levels, and two on the last."""
    kids = [[node + 1, node + 2] if node % 2 == 0 else [node, node] for node in range(2 * depth + 1)]
    return [*kids[:-1], [2 * depth, 2 * depth]]


@pytest.fixture
def walked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows onnxruntime found the leaves of, each time."""
    seen: list[int] = []

    def spy(out: Matrix, leaves: Any, *rest: Any) -> None:
        seen.append(len(leaves))
        add_leaves(out, leaves, *rest)

    monkeypatch.setattr(engines, "add_leaves", spy)
    return seen


@pytest.fixture(scope="module")
def bundle(tecator: Tecator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    fitted = RandomForestRegressor(20, random_state=0).fit(tecator.X[:, ::10], tecator.fat)
    return export(from_sklearn(fitted), tmp_path_factory.mktemp("engines") / "forest")


MODELS: dict[str, Any] = {
    "forest": RandomForestRegressor(30, random_state=0),
    "extra trees": ExtraTreesRegressor(30, random_state=0),
    "forest of classes": RandomForestClassifier(30, random_state=0),
    "boosting": GradientBoostingRegressor(n_estimators=30, random_state=0),
    "boosting of classes": GradientBoostingClassifier(n_estimators=9, random_state=0),
    "histogram boosting": HistGradientBoostingRegressor(max_iter=30),
    "histogram boosting of classes": HistGradientBoostingClassifier(max_iter=9),
    "bagging": BaggingRegressor(DecisionTreeRegressor(), 9, max_features=0.5, random_state=0),
    "weighted median": AdaBoostRegressor(n_estimators=9, random_state=0),
    "several targets": RandomForestRegressor(30, random_state=0),
}


@needs_onnxruntime
@pytest.mark.parametrize("name", MODELS)
def test_rows_on_and_beside_thresholds_go_to_the_same_leaves(name: str, tecator: Tecator, walked: list[int]) -> None:
    X = np.ascontiguousarray(tecator.X[:, ::10] - tecator.X[:, ::10].mean(axis=0))
    thirds = np.searchsorted([10.0, 30.0], tecator.fat)
    y = {"of classes": thirds, "targets": np.stack([tecator.fat, thirds, -tecator.fat], axis=1)}
    fitted = MODELS[name].fit(X, next((y[kind] for kind in y if name.endswith(kind)), tecator.fat))
    chain = from_sklearn(fitted, probes=X[:9])
    beside = landmarks(chain.branches["0"][0].operators, X.shape[1], 400)
    rows = X if beside is None else np.concatenate([X, beside, np.nextafter(beside, -np.inf)])
    faithful = lower(chain)
    for plan in (faithful, compile_plan(faithful)):
        found, expected = both(plan)
        assert [bits(answer) for answer in found(rows)] == [bits(answer) for answer in expected(rows)]
    assert walked


@needs_onnxruntime
@pytest.mark.parametrize("name", ["forest", "histogram boosting", "bagging"])
def test_missing_values_go_to_the_same_leaves(name: str, tecator: Tecator, walked: list[int]) -> None:
    X = np.ascontiguousarray(tecator.X[:, ::10])
    gaps = np.where(np.random.default_rng(0).random(X.shape) < 0.2, np.nan, X)
    fitted = MODELS[name].fit(gaps, tecator.fat)
    for plan in (faithful := lower(from_sklearn(fitted, probes=gaps)), compile_plan(faithful)):
        found, expected = both(plan)
        assert bits(found.predict(gaps)) == bits(expected.predict(gaps))
    assert walked


@needs_onnxruntime
def test_no_bit_of_any_forest_differs_for_any_row() -> None:
    """Leaves alone, values that are not numbers, infinities, zeros of both signs, what is below the normal numbers."""
    for seed in range(60):
        rng = Random(seed)
        plan = draw_lines(rng, "forest", 17)
        X = draw_rows(rng, rng.randint(LEAST, 200), 17)
        found, expected = both(plan, rng.randint(1, 3))
        assert [bits(answer) for answer in found(X)] == [bits(answer) for answer in expected(X)]


@needs_onnxruntime
def test_a_few_rows_are_left_to_numpy(walked: list[int]) -> None:
    replay, _ = both(plan_of([[1, 2], [1, 1], [2, 2]]), threads=1)
    replay(np.zeros((LEAST - 1, 3)))
    assert walked == []
    replay(np.zeros((LEAST, 3)))
    assert walked == [LEAST]


@needs_onnxruntime
def test_threads_share_the_rows_of_a_block_and_no_more_leaves_are_held_than_said(walked: list[int]) -> None:
    replay, expected = both(plan_of([[1, 2], [1, 1], [2, 2]]), threads=3)
    X = draw_rows(Random(3), 2 * LEAVES, 3)
    assert bits(replay(X)[0]) == bits(expected(X)[0])
    assert sum(walked) >= len(X) and max(walked) <= LEAVES and min(walked) >= LEAST // 2


@needs_onnxruntime
def test_callers_do_not_wait_for_each_other_or_meet(bundle: Path) -> None:
    X = load(bundle).golden.rows
    model, expected = load(bundle, engine="onnxruntime"), load(bundle)
    batches = [np.tile(X * (1.0 + number / 7), (9, 1)) for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        for found, batch in zip(pool.map(model.predict, batches), batches, strict=True):
            assert bits(found) == bits(expected.predict(batch))


@needs_onnxruntime
@pytest.mark.parametrize("profile", ["exact", "fast"])
def test_a_bundle_tells_its_engine_and_predicts_the_same_bits(
    profile: str, bundle: Path, tecator: Tecator, walked: list[int]
) -> None:
    ours, other = load(bundle, profile=profile), load(bundle, profile=profile, engine="onnxruntime")
    assert walked, "the golden rows were seen by the engine that is to predict"
    assert other.predict(tecator.X[:, ::10]).tobytes() == ours.predict(tecator.X[:, ::10]).tobytes()
    assert [model.info()["engine"] for model in (ours, other)] == ["numpy", "onnxruntime"]
    assert (other.profile, other.bound) == (ours.profile, ours.bound)


@needs_onnxruntime
@pytest.mark.parametrize(
    ("profile", "said"), [("exact", "golden row 1: the compiled plan answers"), ("fast", "profile 'fast': its answers")]
)
def test_an_engine_that_answers_otherwise_is_refused(
    profile: str, said: str, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "add_leaves", lambda out, *rest: out.fill(1.0))
    with pytest.raises(BundleError, match=said):
        load(bundle, profile=profile, engine="onnxruntime")
    assert load(bundle, profile=profile).engine == "numpy"


@needs_onnxruntime
def test_a_model_without_trees_is_refused(saved: Path) -> None:
    with pytest.raises(BundleError, match="this model has none for it: load it without an engine"):
        load(saved, engine="onnxruntime")


@needs_onnxruntime
@pytest.mark.parametrize(
    "kids",
    [
        [[1, 1], [1, 1]],
        [[1, 2], [2, 3], [2, 2], [3, 3]],
        [[2, 3], [1, 1], [2, 2], [3, 3]],
        chain_of_nodes(onnx_forests.DEEPEST),
        chain_of_nodes(50_000),
    ],
    ids=["one kid twice", "two parents", "no parent", "deep", "so deep that the process would end"],
)
def test_trees_that_onnxruntime_would_not_survive_are_not_shown_to_it(kids: list[list[int]]) -> None:
    with pytest.raises(PlanError, match="walks trees, and this model has none for it"):
        both(plan_of(kids))


@needs_onnxruntime
def test_the_deepest_trees_that_it_is_shown_are_walked(walked: list[int]) -> None:
    found, expected = both(plan_of(chain_of_nodes(onnx_forests.DEEPEST - 1)))
    X = draw_rows(Random(5), 300, 3, ["plain"])
    assert bits(found(X)[0]) == bits(expected(X)[0]) and walked


@needs_onnxruntime
def test_trees_that_an_older_onnxruntime_does_not_know_are_an_error_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_forests, "LEQ", 99)
    with pytest.raises(PlanError, match=r"engine 'onnxruntime' \S+ does not take these trees: "):
        both(plan_of([[1, 2], [1, 1], [2, 2]]))


def test_another_engine_is_refused(saved: Path) -> None:
    with pytest.raises(ValueError, match="engine 'abacus': expected 'numpy' or 'onnxruntime'"):
        load(saved, engine="abacus")


def run(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True)


PREDICT = """
import sys
from n4akit import load
for profile in ("exact", "fast"):
    model = load(sys.argv[1], profile=profile)
    model.predict(model.golden.rows.repeat(50, axis=0))
assert not {"onnx", "onnxruntime"} & set(sys.modules)
"""


def test_nothing_of_it_is_loaded_unless_it_is_asked_for(bundle: Path) -> None:
    done = run(PREDICT, bundle)
    assert done.returncode == 0, done.stderr


WITHOUT = """
import sys
sys.modules[sys.argv[1]] = None
from n4akit.serve.cli import main
sys.argv = ["n4a", "predict", *sys.argv[2:], "--engine", "onnxruntime"]
main()
"""


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_a_missing_package_is_named_with_what_brings_it(package: str, bundle: Path) -> None:
    done = run(WITHOUT, package, bundle, "-")
    assert (done.returncode, done.stdout) == (1, "") and done.stderr.count("\n") == 1
    assert done.stderr.startswith("n4a: engine 'onnxruntime': ") and "pip install 'n4akit[onnx]' brings" in done.stderr
