"""From a chain to its faithful plan: every operator of every step and fold, in the order in which they were trained."""

from __future__ import annotations

from collections import Counter

from ..chain import Chain, Step
from ..errors import PlanError
from ..operators import Operators
from ..runtime.plan import Output, Plan
from . import (  # noqa: F401  they register their operators
    activations,
    correction,
    derivatives,
    detrend,
    filters,
    gaussian,
    gaussians,
    kernels,
    linear,
    lines,
    local,
    new_columns,
    points,
    pointwise,
    power_transforms,
    quantiles,
    ratios,
    resample,
    savitzky_golay,
    spectral,
    splines,
    trees,
    wavelets,
    whittaker,
)
from .branching import average
from .distances import distance, fold_spread
from .operate import operate
from .program import Program

__all__ = ["Program", "lower", "operate"]


def lower(chain: Chain) -> Plan:
    """The plan that does what the chain's steps say, one after the other, and averages its branches in order.

    Its output `value` is one column for each target, or the number of a class; `proba`, where a classifier has
    probabilities, one for each class; `std`, where the chain has one branch whose last step tells how far it may be
    off, one for each target; `spread`, of several folds of a regression, likewise; `t2`, `q` and `residual` where the
    calibration is known (see `distances`). Lines carry the step they came from, and the fold where a step belongs to
    one fold alone. Raises PlanError naming the step whose operator does not fit what reaches it or would lose what is
    missing, or whose branch does not end in the columns expected.
    """
    columns, each = (len(chain.classes.labels), "class") if chain.classes else (len(chain.targets), "target")
    program = Program(chain.n_features, missing=chain.missing)
    uses = Counter(id(step) for steps in chain.branches.values() for step in steps)
    done: dict[tuple[str, int], str] = {}
    values = []
    reached: list[str] = []  # by the first branch, before its first step and after each
    for fold, steps in chain.branches.items():
        x = before = program.x
        passed = [x]
        for step in steps:
            program.step, program.fold = step.index, fold if uses[id(step)] < len(chain.branches) else None
            key = (x, id(step))
            if key not in done:
                done[key] = _operated(step, step.operators, program, x)
            before, x = x, done[key]
            passed.append(x)
        reached = reached or passed
        if program.width(x) != columns:
            raise PlanError(
                f"fold {fold}: the last step {steps[-1].name if steps else '(none)'} gives {program.width(x)} values, "
                f"expected {columns}, one per {each}"
            )
        values.append(x)
    program.step = program.fold = None
    value = average(program, values, chain.weights)
    distances = {} if chain.domain is None else distance(program, reached[chain.domain.after], chain.domain)
    if chain.classes:
        proba = {"proba": Output(value)} if chain.fold_rule == "soft" else {}
        return program.plan({"value": Output(program("argmax", value)), **proba, **distances})
    names = tuple(target.name for target in chain.targets) if len(chain.targets) > 1 else ()
    told = {"value": Output(value, names), **distances}
    if len(values) > 1:
        told["spread"] = Output(fold_spread(program, values), names)
    std = _deviation(chain, program, before)
    return program.plan(told if std is None else {**told, "std": Output(std, names)})


def _deviation(chain: Chain, program: Program, x: str) -> str | None:
    """The register of standard deviations, from what reaches the last step; it shares the lines of the answer.

    None where the step tells none, and for several folds: how theirs depend on each other is not known.
    """
    (*others, steps) = chain.branches.values()
    if others or not steps or not steps[-1].spread:
        return None
    program.step, program.reuse = steps[-1].index, True
    return _operated(steps[-1], steps[-1].spread, program, x)


def _operated(step: Step, operators: Operators, program: Program, x: str) -> str:
    try:
        for operator in operators:
            x = operate(operator, program, x)
    except PlanError as error:
        raise PlanError(f"step {step.index} ({step.name}): {error}") from None
    return x
