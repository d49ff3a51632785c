"""Random chains: preprocessing, model, folds, and several targets or classes, with numbers that nothing was fitted to.

Drawn with a `random.Random` alone, so that a seed says which chain it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

import numpy as np
from n4akit.bundle.chain import Chain, Classes, Step, Target
from n4akit.bundle.lower import Program, operate
from n4akit.bundle.models import (
    Activation,
    Discriminants,
    GaussianBayes,
    Kernel,
    KernelProduct,
    KernelSum,
    Neighbors,
    PairVotes,
    Power,
    Proportions,
    Softmax,
    Trees,
    WeightedMedian,
)
from n4akit.bundle.operators import (
    MSC,
    PLS,
    SNV,
    Affine,
    Clip,
    Concat,
    Detrend,
    GapDerivative,
    Gradient,
    Largest,
    Linear,
    Mean,
    Normalize,
    OneHot,
    Operator,
    Operators,
    Project,
    RobustSNV,
    SavitzkyGolay,
    Scale,
    Select,
)
from n4akit.bundle.preprocessing import (
    EMSC,
    Bins,
    BoxCox,
    Crop,
    Filter,
    Gaussian,
    LocalSNV,
    PercentileSNV,
    Pointwise,
    Products,
    Quantiles,
    Range,
    Ratio,
    Remove,
    Resample,
    Wavelet,
    Whittaker,
    YeoJohnson,
)
from numpy.typing import NDArray

__all__ = ["CLASSIFIERS", "MODELS", "STEPS", "draw_chain"]

Vector = NDArray[np.float64]


class Numbers:
    """Random arrays, and the `rng` that they come from."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self._arrays = np.random.default_rng(rng.getrandbits(64))

    def normal(self, *shape: int) -> Vector:
        return self._arrays.normal(size=shape)

    def positive(self, *shape: int) -> Vector:
        return self._arrays.uniform(0.5, 2.0, size=shape)

    def ascending(self, *shape: int) -> Vector:
        """Along the first axis."""
        return np.sort(self.normal(*shape), axis=0)

    def places(self, count: int, below: int) -> NDArray[np.int32]:
        return self._arrays.integers(0, below, count, dtype=np.int32)


def kernel(draw: Numbers, p: int) -> Operator:
    kinds = ("rbf", "laplacian", "poly", "sigmoid", "exponential", "matern3", "matern5", "rational", "linear")
    kind, gamma = draw.rng.choice(kinds), draw.rng.uniform(0.01, 0.2)
    scales = draw.positive(p) if draw.rng.random() < 0.3 else None
    return Kernel(kind, draw.normal(KERNELS, p), gamma, draw.rng.random(), draw.rng.choice((1.0, 2.0, 3.0)), scales)


KERNELS = 6
"""Reference vectors of a drawn kernel."""


def kernels(draw: Numbers, p: int) -> Operator:
    composed = draw.rng.choice((None, KernelSum, KernelProduct))
    return kernel(draw, p) if composed is None else composed(((kernel(draw, p),), (kernel(draw, p),)))


def forest(draw: Numbers, p: int, t: int) -> Operator:
    """Trees that a coin grows: children come after their parents, whatever is split on."""
    kids: list[list[int]] = []
    roots = []
    for _ in range(draw.rng.randint(1, 5)):
        roots.append(len(kids))
        kids.append([roots[-1]] * 2)
        for node in range(draw.rng.randint(0, 5)):
            parent = draw.rng.choice([n for n in range(roots[-1], len(kids)) if kids[n] == [n, n]] or [node])
            kids[parent] = [len(kids), len(kids) + 1]
            kids += [[len(kids)] * 2, [len(kids) + 1] * 2]
    left, right = np.array(kids, np.int32).T
    count = len(kids)
    groups = (len(roots),)
    columns = draw.places(count, p)
    return Trees(
        *(columns, draw.normal(count), left.copy(), right.copy(), draw.normal(count, t), np.array(roots, np.int32)),
        *(groups, draw.rng.random() < 0.5),
    )


def linear(draw: Numbers, p: int, t: int) -> Operator:
    return Linear(draw.normal(t, p), draw.normal(t))


def network(draw: Numbers, p: int, t: int) -> Operators:
    functions = ("relu", "tanh", "logistic", "identity")
    layers: list[Operator] = []
    for _ in range(draw.rng.randint(1, 2)):
        width = draw.rng.randint(2, 9)
        layers += [linear(draw, p, width), Activation(draw.rng.choice(functions))]
        p = width
    return (*layers, linear(draw, p, t))


HALF = 0.5**0.5
ENDS = ("mirror", "nearest", "wrap")

STEPS: Mapping[str, Callable[[Numbers, int], Operator]] = {
    "SNV": lambda draw, p: SNV(draw.rng.random() < 0.8, draw.rng.random() < 0.8, draw.rng.randint(0, 1)),
    "RobustSNV": lambda draw, p: RobustSNV(),
    "SavitzkyGolay": lambda draw, p: SavitzkyGolay(
        min(draw.rng.choice((3, 5)), p // 2 * 2 - 1),
        draw.rng.randint(1, 2),
        draw.rng.randint(0, 2),
        mode=draw.rng.choice(("interp", *ENDS)),
    ),
    "GapDerivative": lambda draw, p: GapDerivative(draw.rng.randint(1, 3), 3, draw.rng.randint(1, 2)),
    "Gradient": lambda draw, p: Gradient(draw.rng.randint(1, 2), draw.rng.uniform(0.5, 2.0), draw.rng.randint(1, 2)),
    "Detrend": lambda draw, p: Detrend(draw.rng.randint(0, 2), (p // 2,) if draw.rng.random() < 0.3 else ()),
    "MSC": lambda draw, p: MSC(draw.normal(p)),
    "EMSC": lambda draw, p: EMSC.polynomial(draw.normal(p), draw.rng.randint(0, 2)),
    "Normalize": lambda draw, p: Normalize(draw.rng.choice(("l1", "l2", "max"))),
    "Scale": lambda draw, p: Scale(draw.normal(p), draw.positive(p)),
    "Affine": lambda draw, p: Affine(draw.positive(p), draw.normal(p)),
    "Clip": lambda draw, p: Clip(-1.0, draw.rng.uniform(0.0, 2.0)),
    "Select": lambda draw, p: Select(draw.places(draw.rng.randint(4, p + 3), p)),
    "Project": lambda draw, p: Project(draw.normal(4, p), draw.normal(p), draw.positive(p), draw.positive(4)),
    "Concat": lambda draw, p: Concat(((SNV(),), (Scale(draw.normal(p), draw.positive(p)),), ())),
    "Mean": lambda draw, p: Mean(((Pointwise("abs"),), (Clip(0.0, 1.0),)), (1.0, draw.rng.uniform(0.5, 2.0))),
    "Remove": lambda draw, p: Remove(draw.normal(2, p), draw.normal(2, p), draw.normal(p), draw.rng.random() < 0.5),
    "Ratio": lambda draw, p: Ratio(draw.rng.choice(("sum", "area")), absolute=True),
    "Range": lambda draw, p: Range(draw.rng.random() < 0.5),
    "Filter": lambda draw, p: Filter.mean(draw.rng.randint(2, 5), draw.rng.choice((*ENDS, "reflect", "linear"))),
    "Gaussian": lambda draw, p: Gaussian(draw.rng.uniform(0.5, 1.5), draw.rng.randint(0, 2)),
    "LocalSNV": lambda draw, p: LocalSNV(draw.rng.choice((3, 5)), draw.rng.choice(ENDS)),
    "PercentileSNV": lambda draw, p: PercentileSNV(draw.rng.uniform(0.0, 100.0), 1e-6),
    "Wavelet": lambda draw, p: Wavelet(np.array([HALF, HALF]), np.array([-HALF, HALF]), level=draw.rng.randint(1, 2)),
    "Resample": lambda draw, p: Resample(
        None, draw.ascending(9) * 2.0 + p / 2, draw.rng.choice(("linear", "nearest", "cubic"))
    ),
    "Crop": lambda draw, p: Crop(draw.rng.randint(0, 1), draw.rng.choice((None, -1))),
    "Whittaker": lambda draw, p: Whittaker(draw.rng.uniform(0.1, 100.0), draw.positive(p)),
    "Pointwise": lambda draw, p: Pointwise(draw.rng.choice(("absorbance", "kubelka_munk", "log1p", "expm1", "abs"))),
    "YeoJohnson": lambda draw, p: YeoJohnson(draw.normal(p)),
    "BoxCox": lambda draw, p: BoxCox(draw.normal(p)),
    "Products": lambda draw, p: Products(draw.places(2 * p, p + 1).reshape(p, 2) - np.int32(1)),
    "Bins": lambda draw, p: Bins(tuple(draw.ascending(3) for _ in range(p)), draw.rng.random() < 0.5),
    "Quantiles": lambda draw, p: Quantiles(draw.ascending(6, p), np.linspace(0.0, 1.0, 6), draw.rng.random() < 0.5),
}
"""A step of each kind, fitted to p points: at least four come out of it where at least eight went in."""

MODELS: Mapping[str, Callable[[Numbers, int, int], Operators]] = {
    "linear": lambda draw, p, t: (linear(draw, p, t),),
    "PLS": lambda draw, p, t: (PLS(draw.normal(t, p), draw.normal(p), draw.normal(t)),),
    "exponential": lambda draw, p, t: (linear(draw, p, t), Activation("exp")),
    "power": lambda draw, p, t: (linear(draw, p, t), Activation("logistic"), Power(draw.rng.choice((2.0, 0.5, -1.5)))),
    "kernel": lambda draw, p, t: (kernels(draw, p), linear(draw, KERNELS, t)),
    "forest": lambda draw, p, t: (forest(draw, p, t),),
    "boosted": lambda draw, p, t: (forest(draw, p, t), Affine(draw.positive(t), draw.normal(t))),
    "network": network,
    "neighbors": lambda draw, p, t: (
        Neighbors(
            *(draw.normal(8, p), draw.normal(8, t), draw.rng.randint(1, 4)),
            *(draw.rng.choice(("l1", "l2")), draw.rng.choice(("uniform", "distance"))),
        ),
    ),
    "median": lambda draw, p, t: (
        Concat(tuple((linear(draw, p, 5), WeightedMedian(draw.positive(5))) for _ in range(t))),
    ),
    "stack": lambda draw, p, t: (
        Concat(((linear(draw, p, 2),), (forest(draw, p, 1),), network(draw, p, 1))),
        linear(draw, 4, t),
    ),
}
"""From p points to t numbers."""

CLASSIFIERS: Mapping[str, Callable[[Numbers, int, int], Operators]] = {
    "logistic": lambda draw, p, c: (linear(draw, p, c), Softmax()),
    "one against the others": lambda draw, p, c: (linear(draw, p, c), Activation("logistic"), Proportions()),
    "network": lambda draw, p, c: (*network(draw, p, c), Softmax()),
    "forest": lambda draw, p, c: (forest(draw, p, c), Activation("logistic"), Proportions()),
    "votes": lambda draw, p, c: (linear(draw, p, c), Largest(), OneHot(c)),
    "pairs": lambda draw, p, c: (kernels(draw, p), linear(draw, KERNELS, c * (c - 1) // 2), PairVotes(c)),
    "bayes": lambda draw, p, c: (GaussianBayes(draw.normal(c, p), draw.positive(c, p), draw.positive(c)), Softmax()),
    "discriminants": lambda draw, p, c: (
        Discriminants(
            draw.normal(c, p),
            tuple(draw.normal(p, 3) for _ in range(c)),
            tuple(draw.positive(3) for _ in range(c)),
            draw.positive(c),
        ),
        Softmax(),
    ),
}
"""From p points to a column for each of c classes."""


def draw_chain(rng: Random) -> Chain:
    """A chain of up to three steps; the folds share them, and have a model each."""
    draw = Numbers(rng)
    p = rng.randint(8, 20)
    names = [rng.choice(list(STEPS)) for _ in range(rng.randint(0, 3))]
    classes = rng.randint(2, 4) if rng.random() < 0.4 else 0
    columns, models = classes or rng.randint(1, 3), CLASSIFIERS if classes else MODELS
    model, folds = rng.choice(list(models)), rng.randint(1, 5)
    shared: list[Step] = []
    width = p
    for index, name in enumerate(names, start=1):
        operator = STEPS[name](draw, width)
        shared.append(step(index, name, operator))
        width = width_after(operator, width)
    end = len(shared) + 1
    branches = {str(k): (*shared, step(end, model, *models[model](draw, width, columns))) for k in range(folds)}
    weights = tuple(rng.uniform(0.5, 2.0) for _ in range(folds)) if rng.random() < 0.3 else ()
    if classes:
        rule = rng.choice(("soft", "scores"))
        told = Classes(tuple(range(classes)), "int64")
        return Chain(p, branches, (Target("y"),), fold_rule=rule, weights=weights, classes=told)
    return Chain(p, branches, tuple(Target(f"y{j}") for j in range(columns)), weights=weights)


def step(index: int, name: str, *operators: Operator) -> Step:
    return Step(index, name, f"drawn.{name}", {}, operators)


def width_after(operator: Operator, width: int) -> int:
    program = Program(width)
    return program.width(operate(operator, program, program.x))
