"""Functions of each value: numpy's to the last digits, small values too."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from n4akit.bundle.errors import PlanError
from n4akit.bundle.lower.pointwise import FUNCTIONS
from n4akit.bundle.preprocessing import BoxCox, Pointwise, YeoJohnson
from scipy.special import boxcox, inv_boxcox
from sklearn.preprocessing import PowerTransformer

from ...conftest import Tecator
from .agreement import Matrix, answers, assert_agrees, plan_of

EXPECTED: dict[str, Callable[[Matrix], Matrix]] = {
    "abs": np.abs,
    "absorbance": lambda x: -np.log10(x),
    "exp": np.exp,
    "expm1": np.expm1,
    "floor": np.floor,
    "kubelka_munk": lambda x: (1.0 - x) ** 2 / (2.0 * x),
    "log": np.log,
    "log10": np.log10,
    "log1p": np.log1p,
    "log2": np.log2,
    "negative": np.negative,
    "power_of_ten": lambda x: 10.0**x,
    "reciprocal": np.reciprocal,
    "reflectance": lambda x: 10.0**-x,
    "reflectance_of_kubelka_munk": lambda x: 1.0 + x - np.sqrt((1.0 + x) ** 2 - 1.0),
    "sqrt": np.sqrt,
    "square": np.square,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_is_numpys(name: str, tecator: Tecator) -> None:
    X = tecator.X[::9] / 2.0
    np.testing.assert_allclose(answers(Pointwise(name), X=X), EXPECTED[name](X), rtol=1e-14)
    assert_agrees(Pointwise(name), X=X, expected=EXPECTED[name](X), within=1e-13)


SMALL = np.array([10.0**-k for k in range(1, 300, 3)])


@pytest.mark.parametrize("name", ["log1p", "expm1"])
def test_what_is_small_keeps_its_digits(name: str) -> None:
    X = np.array([SMALL, -SMALL])
    np.testing.assert_allclose(answers(Pointwise(name), X=X), EXPECTED[name](X), rtol=5e-16)


def test_what_is_large_does_not_become_nothing() -> None:
    large = np.array([[30.0, 36.0, 37.0, 40.5, 700.0, -30.0, -36.5, -38.0, -700.0, 0.0]])
    np.testing.assert_allclose(answers(Pointwise("expm1"), X=large), np.expm1(large), rtol=1e-15)
    larger = np.array([[1e8, 1e16, 1e100, -0.5, -1.0 + 2.0**-52]])
    np.testing.assert_allclose(answers(Pointwise("log1p"), X=larger), np.log1p(larger), rtol=1e-15)


def test_kubelka_munk_is_undone_where_nearly_all_is_absorbed() -> None:
    reflectance = np.array([[1e-12, 1e-6, 1e-3, 0.2, 0.9, 1.0]])
    there = answers(Pointwise("kubelka_munk"), X=reflectance)
    back = answers(Pointwise("reflectance_of_kubelka_munk"), X=there)
    np.testing.assert_allclose(back, reflectance, rtol=1e-13)


EXPONENTS = np.array([0.0, 1e-7, 0.5, 1.0, 2.0, -1.3, 3.0])


def test_box_and_cox_are_scipys_and_undone(tecator: Tecator) -> None:
    X = tecator.X[::5, ::16]
    bent = boxcox(X, EXPONENTS)
    assert_agrees(BoxCox(EXPONENTS), X=X, expected=bent, within=1e-13)
    assert_agrees(BoxCox(EXPONENTS, undone=True), X=bent, expected=inv_boxcox(bent, EXPONENTS), within=1e-13)
    np.testing.assert_allclose(answers(BoxCox(EXPONENTS, undone=True), X=bent), X, rtol=1e-13)


def test_yeo_and_johnson_are_scikit_learns_and_undone(tecator: Tecator) -> None:
    X = tecator.X[::5, ::16] - 3.0
    fitted = PowerTransformer(standardize=False).fit(X)
    fitted.lambdas_ = EXPONENTS
    bent = fitted.transform(X)
    assert (X > 0).any() and (X < 0).any()
    assert_agrees(YeoJohnson(EXPONENTS), X=X, expected=bent, within=1e-12)
    np.testing.assert_allclose(answers(YeoJohnson(EXPONENTS, undone=True), X=bent), X, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize(
    ("operator", "message"),
    [
        (Pointwise("sin"), "Pointwise: 'sin', expected abs, absorbance, exp"),
        (BoxCox(np.ones(9)), "BoxCox: fitted on 9 points, but it gets 10"),
        (YeoJohnson(np.ones(9)), "YeoJohnson: fitted on 9 points, but it gets 10"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(operator: Pointwise | BoxCox | YeoJohnson, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        plan_of(operator, width=10)
