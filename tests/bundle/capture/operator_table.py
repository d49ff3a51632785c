"""Write bundle/OPERATORS.md: every class that capture knows, read from a fitted sample of it and lowered.

Run after a change of readers or lowerings: python -m tests.bundle.capture.operator_table
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from n4akit.bundle import transformers
from n4akit.bundle.capture.nested import understood
from n4akit.bundle.capture.registry import METHODS, READERS, REFUSED, Reader
from n4akit.bundle.capture.state import State
from n4akit.bundle.errors import CaptureError
from n4akit.bundle.format import profile
from n4akit.bundle.lower import Program, operate
from n4akit.bundle.operators import Operator, Operators
from n4akit.bundle.runtime import Output
from sklearn import calibration, compose, linear_model, multioutput, pipeline, preprocessing, tree

from ...conftest import TECATOR
from . import stand_ins, test_boosters, test_families, test_foreign_recorded, test_models

DOCUMENT = Path(__file__).parents[3] / "bundle" / "OPERATORS.md"

HEAD = """# What is read

This table is made by `python -m tests.bundle.capture.operator_table`: from a fitted sample of every class, the
operators it is read as and the instructions that they become. A class in neither table is unknown; it is refused by its
name, or carried as a pickle (profile `opaque`) by those who ask for `opaque=True`. A step after the transformation of a
target is read as what undoes it.

Every reading is proven against the live object before it is taken; an option that is not supported is refused with its
name. FORMAT.md says what the instructions do.

Values of a spectrum may be missing (NaN) if all of them reach an imputer, an indicator, or trees that met some when
they were fitted (of scikit-learn, XGBoost or LightGBM), behind nothing but what leaves them where they are, such as
scalers; and if every object on the way does with them what was read from it. A chain refuses them elsewhere, and where
trees met none, unless the probes that prove it have some.
"""

AS = {
    "transform": "step",
    "predict": "model",
    "predict_proba": "probabilities",
    "decision_function": "scores",
    "inverse_transform": "undone",
}


@dataclass
class Found:
    """What samples of one class were read as."""

    operators: set[str] = field(default_factory=set)
    instructions: set[str] = field(default_factory=set)


def samples() -> Iterator[tuple[str, Any, int]]:
    """Class names, fitted objects, and how many points reach them."""
    table = np.loadtxt(TECATOR, delimiter=",", skiprows=1, usecols=range(1, 104))
    X, y, several = np.ascontiguousarray(table[:, 3::5]), table[:, 1], table[:, :3]
    few = np.ascontiguousarray(X[:, ::2] - X.min() + 0.1)
    classes = np.searchsorted(np.quantile(y, [0.3, 0.7]), y)
    for estimator in (*test_families.STEPS, *test_families.MODELS, *test_families.UNDONE, *COMPOSED):
        yield from _fitted(estimator, X, y)
    for estimator in test_models.REGRESSORS.values():
        yield from _fitted(estimator, few, y)
    for estimator in (*test_models.CLASSIFIERS.values(), *CLASSIFIERS):
        yield from _fitted(estimator, few, classes)
    for estimator in test_families.MANY_TARGETS:
        yield from _fitted(estimator, X, several)
    yield from _fitted(preprocessing.KernelCenterer(), X @ X.T, y)
    yield from _boosters(few, y, classes)
    for name in transformers.__all__:
        arguments = [[*range(X.shape[1])], [0.5, 3.5]] if name == "Resampling" else []
        yield from _fitted(getattr(transformers, name)(*arguments), X, y)
    for record in test_foreign_recorded.RECORDS:
        yield record["class"], test_foreign_recorded.object_of(record), len(record["rows"][0])
    for name in ("Wavelet", "Haar"):
        yield f"nirs4all.operators.transforms.nirs.{name}", stand_ins.resampled_details(f"nirs.{name}"), 8


COMPOSED: list[Any] = [
    pipeline.make_union(preprocessing.StandardScaler(), preprocessing.MinMaxScaler()),
    compose.make_column_transformer((preprocessing.StandardScaler(), [0, 1]), remainder="passthrough"),
    multioutput.MultiOutputRegressor(linear_model.Ridge()),
    compose.TransformedTargetRegressor(linear_model.Ridge(), func=np.log1p, inverse_func=np.expm1),
]


CLASSIFIERS: list[Any] = [
    calibration.CalibratedClassifierCV(linear_model.RidgeClassifier(), cv=2),
    calibration.CalibratedClassifierCV(linear_model.RidgeClassifier(), cv=2, method="isotonic"),
    linear_model.LogisticRegressionCV(max_iter=500, cv=2, Cs=2, l1_ratios=(0.0,), use_legacy_attributes=False),
    linear_model.RidgeClassifierCV(),
    *test_families.retiring("PassiveAggressiveClassifier", max_iter=20, random_state=0),
    tree.ExtraTreeClassifier(random_state=0),
]


def _boosters(X: Any, y: Any, classes: Any) -> Iterator[tuple[str, Any, int]]:
    for kind in ("XGBRegressor", "XGBRFRegressor", "XGBClassifier", "XGBRFClassifier"):
        (found,) = _fitted(test_boosters.xgboost(kind), X, classes if kind.endswith("Classifier") else y)
        yield found
        yield "xgboost.core.Booster", found[1].get_booster(), X.shape[1]
    for kind in ("LGBMRegressor", "LGBMClassifier"):
        (found,) = _fitted(test_boosters.lightgbm(kind), X, classes if kind.endswith("Classifier") else y)
        yield found
        yield "lightgbm.basic.Booster", found[1].booster_, X.shape[1]


def _fitted(estimator: Any, X: Any, y: Any) -> Iterator[tuple[str, Any, int]]:
    with warnings.catch_warnings():
        # How well a sample fits is no matter here.
        warnings.simplefilter("ignore")
        target = np.stack([y, y], axis=1) if isinstance(estimator, multioutput.MultiOutputRegressor) else y
        fitted = estimator.fit(X, target)
    yield f"{type(fitted).__module__}.{type(fitted).__qualname__}", fitted, X.shape[1]


def found() -> dict[str, Found]:
    """By the public name of each class, what its samples were read as, all ways of reading them together."""
    result: dict[str, Found] = defaultdict(Found)
    for name, fitted, width in samples():
        state = replace(State.of(fitted, name), name=name, width=width)
        for method in READERS[name].methods if name in READERS else ():
            try:
                reading = understood(state, method)
            except CaptureError:
                continue  # this sample shows an option that is refused, or has no such method
            entry = result[public(name)]
            for operators in (reading.operators, reading.spread):
                entry.operators |= set(_names(operators))
                entry.instructions |= _words(operators, width)
    return result


def _names(operators: Operators) -> Iterator[str]:
    for operator in operators:
        yield type(operator).__name__
        for each in fields(operator):  # type: ignore[arg-type]
            branches = getattr(operator, each.name)
            for branch in branches if isinstance(branches, tuple) else ():
                steps = branch if isinstance(branch, tuple) else (branch,)
                yield from _names(tuple(step for step in steps if isinstance(step, Operator)))


def _words(operators: Operators, width: int) -> set[str]:
    program = Program(width)
    x = program.x
    for operator in operators:
        x = operate(operator, program, x)
    return {line.op for line in program.plan({"value": Output(x)}).body}


def public(name: str) -> str:
    """The shortest name under which a class is known."""
    top, title = name.split(".")[0], name.rpartition(".")[2]
    alike = [
        other
        for other in (*READERS, *REFUSED)
        if other.split(".")[0] == top and other.rpartition(".")[2] == title and _one_home(name, other)
    ]
    return min(alike, key=lambda other: (len(other), other))


def _one_home(name: str, other: str) -> bool:
    """Whether two names lead to one class: its public package, or a private module of this."""
    one, two = sorted((name.rpartition(".")[0], other.rpartition(".")[0]), key=len)
    return one == two or two.startswith(f"{one}.") or one.rpartition(".")[0] == two.rpartition(".")[0] != ""


def document() -> str:
    """The text of OPERATORS.md."""
    entries = found()
    lines = [HEAD]
    for family, readers in families():
        lines += [f"## {family.capitalize()}", "", "| class | read as | options | operators | instructions | profile |"]
        lines.append("|---|---|---|---|---|---|")
        lines += [" ".join((told(name, reader), _made(entries.get(name, Found())))) for name, reader in readers]
        lines.append("")
    lines += ["## Refused by name", "", "| classes | why |", "|---|---|", *refusals()]
    return "\n".join(lines) + "\n"


def families() -> list[tuple[str, list[tuple[str, Reader]]]]:
    """Each family, with its classes by their public names."""
    result: dict[str, dict[str, Reader]] = defaultdict(dict)
    for name, reader in READERS.items():
        if not name.rpartition(".")[2].startswith("_"):
            result[reader.family][public(name)] = reader
    return [(family, sorted(result[family].items())) for family in sorted(result, key=str.lower)]


def told(name: str, reader: Reader) -> str:
    """The columns of a row that the readers themselves tell."""
    roles = ", ".join(AS[method] for method in METHODS if method in reader.methods)
    return f"| `{name}` | {roles} | {reader.options} |"


def _made(entry: Found) -> str:
    words = " ".join(f"`{word}`" for word in sorted(entry.instructions)) or "none"
    return f"{', '.join(sorted(entry.operators)) or 'none'} | {words} | {profile(sorted(entry.instructions))} |"


def refusals() -> list[str]:
    """The rows of what is refused by name."""
    reasons: dict[str, set[str]] = defaultdict(set)
    for name, reason in REFUSED.items():
        reasons[reason].add(public(name))
    return [f"| {', '.join(f'`{n}`' for n in sorted(names))} | {reason} |" for reason, names in sorted(reasons.items())]


if __name__ == "__main__":
    DOCUMENT.write_text(document(), "utf-8")
