"""Models that make no sense are refused by the name of what is wrong, before anything is computed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from n4akit.bundle.chain import Chain, Step, Target
from n4akit.bundle.errors import PlanError
from n4akit.bundle.lower import lower
from n4akit.bundle.models import (
    Activation,
    Deviation,
    Discriminants,
    GaussianBayes,
    Kernel,
    KernelProduct,
    KernelSum,
    Lines,
    Neighbors,
    PairVotes,
    Power,
    Trees,
    WeightedMedian,
)
from n4akit.bundle.operators import Concat, Linear, Mean, OneHot, Operator, Operators, Scale, Select
from numpy.typing import NDArray

from .agreement import plan_of

INF, NAN = float("inf"), float("nan")
TEN, NINE = np.arange(1.0, 11.0), np.arange(1.0, 10.0)
"""Spectra have ten points here."""
THREE, NARROW = np.ones((3, 10)), np.ones((3, 9))
ONES = np.ones((3, 1))
ONE = np.ones(1)


def places(*numbers: int) -> NDArray[np.int32]:
    return np.array(numbers, dtype=np.int32)


STUMP = Trees(
    places(0, 0, 0), np.array([0.5, 0.0, 0.0]), places(1, 1, 2), places(2, 1, 2), ONES, places(0), groups=(1,)
)
TURN, SCALINGS = np.ones((10, 2)), np.ones(2)
FIRST: Operators = (Select(places(0)),)

TREES: dict[str, tuple[Trees, str]] = {
    "column beyond the end": (replace(STUMP, feature=places(10, 0, 0)), "says 10 for node 0, .* column from 0 to 9"),
    "column from behind": (replace(STUMP, feature=places(-1, 0, 0)), "says -1 for node 0, .* column from 0 to 9"),
    "way back": (replace(STUMP, left=places(1, 0, 2)), r"\[0, 1\] for node 1, in tree 0, expected two later nodes"),
    "circle of one": (replace(STUMP, left=places(0, 1, 2)), r"\[0, 2\] for node 0, in tree 0, expected two later"),
    "kid that there is not": (replace(STUMP, right=places(3, 1, 2)), r"\[1, 3\] for node 0, in tree 0"),
    "kid from behind": (replace(STUMP, right=places(-1, 1, 2)), r"\[1, -1\] for node 0, in tree 0"),
    "late root": (replace(STUMP, roots=places(1)), "tree 0 is the nodes from 1 to before 3"),
    "root that there is not": (replace(STUMP, roots=places(3)), "tree 0 is the nodes from 3 to before 3"),
    "threshold of no number": (replace(STUMP, threshold=TEN[:3] * NAN), "Trees: nan in thresholds, expected finite"),
    "threshold beyond all": (replace(STUMP, threshold=TEN[:3] * INF, single=False), "Trees: inf in thresholds"),
    "value of no number": (replace(STUMP, value=ONES * NAN), "Trees: nan in values"),
    "value beyond all": (replace(STUMP, value=ONES * -INF), "Trees: -inf in values"),
    "too few values": (replace(STUMP, value=ONES[:2]), "6 kids and 2 rows of values"),
    "too few thresholds": (replace(STUMP, threshold=ONE), "3 features, 1 thresholds"),
    "too few kids": (replace(STUMP, left=places(1, 1)), "2 left kids and 3 right ones"),
    "groups of other trees": (replace(STUMP, groups=(2,)), "groups of 2 trees, but 1 roots"),
    "sides of others": (
        replace(STUMP, missing_left=np.ones(2, np.bool_)),
        "3 features and 2 sides for what is missing",
    ),
    "no groups": (replace(STUMP, groups=()), "groups of 0 trees, but 1 roots"),
}

REFUSED: dict[str, tuple[Operator, str]] = {
    **TREES,
    "unknown function": (Activation("softplus"), "Activation: 'softplus', expected identity, relu"),
    "power of no number": (Power(NAN), "Power: nan in exponent, expected finite numbers"),
    "power beyond all": (Power(INF), "Power: inf in exponent"),
    "means of other spectra": (GaussianBayes(NARROW, NARROW, TEN[:3]), "GaussianBayes: fitted on 9 points"),
    "means of no number": (GaussianBayes(THREE * NAN, THREE, TEN[:3]), "GaussianBayes: nan in what was fitted"),
    "variances of other classes": (GaussianBayes(THREE[:2], THREE, TEN[:2]), "a variance above 0 for every class"),
    "no variance": (GaussianBayes(THREE, THREE * 0.0, TEN[:3]), "a variance above 0 for every class and point"),
    "variance beyond all": (GaussianBayes(THREE, THREE * INF, TEN[:3]), "GaussianBayes: inf in variances"),
    "priors of other classes": (GaussianBayes(THREE, THREE, TEN[:2]), "expected one above 0 for each of 3 classes"),
    "priors of no number": (GaussianBayes(THREE, THREE, TEN[:3] * NAN), "GaussianBayes: nan in priors"),
    "prior of 0": (GaussianBayes(THREE, THREE, np.zeros(3)), "expected one above 0 for each of 3 classes"),
    "centres of other spectra": (Discriminants(NARROW[:1], (TURN,), (SCALINGS,), ONE), "fitted on 9 points"),
    "rotation of other spectra": (Discriminants(THREE[:1], (TURN[:9],), (SCALINGS,), ONE), r"of \(9, 2\), .* 10 × 2"),
    "rotations of other classes": (Discriminants(THREE, (TURN,), (SCALINGS,), TEN[:3]), "1 rotations .* 3 classes"),
    "scalings of other directions": (Discriminants(THREE[:1], (TURN,), (TEN,), ONE), r"of \(10, 2\), .* 10 × 10"),
    "no scaling": (Discriminants(THREE[:1], (TURN,), (SCALINGS * 0.0,), ONE), "expected scalings above 0"),
    "rotation of no number": (Discriminants(THREE[:1], (TURN * NAN,), (SCALINGS,), ONE), "nan in rotations"),
    "references of other spectra": (Kernel("rbf", NARROW), "Kernel: fitted on 9 points, but it gets 10"),
    "unknown kernel": (Kernel("cosine", THREE), "Kernel: 'cosine', expected rbf"),
    "references beyond all": (Kernel("rbf", THREE * INF), "Kernel: inf in what was fitted"),
    "gamma of no number": (Kernel("rbf", THREE, NAN), "Kernel: nan in gamma"),
    "offset beyond all": (Kernel("poly", THREE, coef0=INF), "Kernel: inf in coef0"),
    "degree of no number": (Kernel("poly", THREE, degree=NAN), "Kernel: nan in degree"),
    "scales of other spectra": (Kernel("rbf", THREE, scales=NINE), "Kernel: fitted on 9 points"),
    "scales of 0": (Kernel("rbf", THREE, scales=TEN * 0.0), "Kernel: scales of 0"),
    "sum of nothing": (KernelSum(()), "no branches, expected at least one"),
    "sum of other references": (KernelSum(((Kernel("rbf", THREE),), (Kernel("rbf", THREE[:2]),))), "add: widths 2, 3"),
    "product of other references": (KernelProduct(((Kernel("rbf", THREE),), (Scale(TEN),))), "mul: widths 3, 10"),
    "deviation by other references": (Deviation((Kernel("rbf", THREE),), 1.0, THREE), "Deviation: fitted on 10 points"),
    "deviation of no number": (Deviation((), 1.0, np.identity(10) * NAN), "Deviation: nan in what was fitted"),
    "own variance of no number": (Deviation((), NAN, np.identity(10)), "Deviation: nan in own"),
    "own variances of points": (Deviation((), (Scale(TEN),), np.identity(10)), "own of 10 columns, expected one"),
    "lines of other columns": (Lines((TEN,), (TEN,)), "Lines: 1 rows of places and 1 of values for 10 columns"),
    "lines without values": (Lines((TEN,) * 10, (NINE,) * 10), "Lines: 10 places and 9 values, expected one each"),
    "lines through nothing": (Lines((TEN[:0],) * 10, (TEN[:0],) * 10), "Lines: 0 places and 0 values"),
    "lines that turn back": (Lines((-TEN,) * 10, (TEN,) * 10), "Lines: .* the places ascending"),
    "lines of no number": (Lines((TEN,) * 10, (TEN * NAN,) * 10), "Lines: nan in values"),
    "other pairs": (PairVotes(3), "PairVotes: 10 decisions for 3 classes, expected 3"),
    "pairs of one": (PairVotes(1), "PairVotes: 10 decisions for 1 classes, expected 0"),
    "more than there are": (Neighbors(THREE, ONES, 4), "Neighbors: 4 of 3 with 3 values"),
    "no neighbour": (Neighbors(THREE, ONES, 0), "Neighbors: 0 of 3"),
    "values of others": (Neighbors(THREE, ONES[:2], 1), "Neighbors: 1 of 3 with 2 values"),
    "neighbours of other spectra": (Neighbors(NARROW, ONES, 1), "Neighbors: fitted on 9 points"),
    "unknown metric": (Neighbors(THREE, ONES, 1, "cosine"), "'cosine', 'uniform'; expected l1 or l2"),
    "unknown weights": (Neighbors(THREE, ONES, 1, weights="rank"), "'l2', 'rank'; expected l1 or l2"),
    "neighbours of no number": (Neighbors(THREE, ONES * NAN, 1), "Neighbors: nan in values"),
    "weights of others": (WeightedMedian(NINE), "WeightedMedian: 9 weights for 10 values"),
    "weights below 0": (WeightedMedian(-TEN), r"WeightedMedian: weights \[-1.0, .*, expected numbers ≥ 0"),
    "weights of no number": (WeightedMedian(TEN * NAN), "WeightedMedian: nan in weights"),
    "no weight": (WeightedMedian(TEN * 0.0), "expected numbers ≥ 0, not all 0"),
    "class of many columns": (OneHot(3), "OneHot: 3 classes from 10 columns"),
    "nothing side by side": (Concat(()), "no branches"),
    "mean of nothing": (Mean(()), "no branches"),
    "mean of other widths": (Mean((FIRST, ())), r"Mean: branches of \[1, 10\] columns"),
    "weight of another branch": (Mean(((), ()), (1.0,)), "Mean: 1 weights for 2 branches"),
    "branch below 0": (Mean(((), ()), (2.0, -1.0)), r"Mean: weights \[2.0, -1.0\], expected finite numbers ≥ 0"),
    "branches of no weight": (Mean(((), ()), (0.0, 0.0)), "not all 0"),
    "branch of no number": (Mean(((), ()), (NAN, 1.0)), "Mean: weights"),
    "branch inside a branch": (Concat(((Mean(((Scale(NINE),),)),),)), "Scale: fitted on 9 points"),
    "centre of no number": (Scale(TEN * NAN), "Scale: nan in what was fitted"),
    "coefficients beyond all": (Linear(THREE * INF, TEN[:3]), "Linear: inf in what was fitted"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_makes_no_sense_is_refused_by_name(name: str) -> None:
    operator, message = REFUSED[name]
    with pytest.raises(PlanError, match=message):
        plan_of(operator, width=10)


@pytest.mark.parametrize("name", TREES)
def test_trees_that_make_no_sense_make_no_chain(name: str) -> None:
    step = Step(4, "Forest", "made.by.hand.Forest", {}, (TREES[name][0],))
    with pytest.raises(PlanError, match=TREES[name][1]):
        lower(Chain(10, {"0": (step,)}, (Target("y"),)))


def test_the_step_that_makes_no_sense_is_named() -> None:
    step = Step(4, "Forest", "made.by.hand.Forest", {}, (replace(STUMP, value=ONES * NAN),))
    with pytest.raises(PlanError, match=r"^step 4 \(Forest\): Trees: nan in values, expected finite numbers$"):
        lower(Chain(10, {"0": (step,)}, (Target("y"),)))
