"""Every instruction against arithmetic that cannot round: each step is done in fractions and rounded once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import reduce
from math import copysign, floor, frexp, inf, isfinite, isqrt, nan, nextafter, ulp
from random import Random
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from n4akit.bundle.runtime import Constant, Input, Instruction, Output, Plan, PlanError, Replay
from sklearn.ensemble import RandomForestRegressor

from .programs import FINITE, WORDS, bits, draw_lines, draw_rows, replay_row

Row = Sequence[float]


def rounded(exact: Fraction, zero: float) -> float:
    """The float64 nearest to `exact`, ties to even; `zero` has the sign of an exact zero."""
    if not exact:
        return copysign(0.0, zero)
    try:
        return exact.numerator / exact.denominator
    except OverflowError:
        return inf if exact > 0 else -inf


def plus(a: float, b: float) -> float:
    if not (isfinite(a) and isfinite(b)):
        return nan if a == -b else a + b
    return rounded(Fraction(a) + Fraction(b), -1.0 if copysign(1.0, a) == copysign(1.0, b) == -1.0 else 1.0)


def minus(a: float, b: float) -> float:
    return plus(a, -b)


def times(a: float, b: float) -> float:
    sign = copysign(1.0, a) * copysign(1.0, b)
    if not (isfinite(a) and isfinite(b)):
        return nan if a == 0 or b == 0 else sign * inf if a == a and b == b else nan
    return rounded(Fraction(a) * Fraction(b), sign)


def over(a: float, b: float) -> float:
    if not (isfinite(a) and isfinite(b) and b):
        return float(np.divide(a, b))
    return rounded(Fraction(a) / Fraction(b), copysign(1.0, a) * copysign(1.0, b))


def root(x: float) -> float:
    """The float64 nearest to √x, found by comparing squares of integers."""
    if not x > 0.0 or x == inf:
        return nan if x < 0.0 else x
    exact = Fraction(x)
    # 2·(110 bits of the root) + 1 is odd: it lies strictly between floats and their halves unless the root is exact.
    shift = 2 * (600 + max(0, exact.denominator.bit_length()))
    scaled = (exact.numerator << shift) // exact.denominator
    r = isqrt(scaled)
    return rounded(Fraction(2 * r + (r * r != scaled), 2 << (shift // 2)), 1.0)


LN2_HIGH, LN2_LOW = float.fromhex("0x1.62e42fee00000p-1"), float.fromhex("0x1.a39ef35793c76p-33")


def series(t: float, coefficients: Sequence[float]) -> float:
    y = 0.0
    for c in reversed(coefficients):
        y = times(plus(y, c), t)
    return y


def exp(x: float) -> float:
    """The steps of the format document, each rounded once."""
    if x != x:
        return nan
    x = min(max(x, -746.0), 710.0)
    k = floor(plus(times(x, float.fromhex("0x1.71547652b82fep+0")), 0.5))
    high, low = minus(x, times(k, LN2_HIGH)), times(k, LN2_LOW)
    r = minus(high, low)
    coth = [1 / 6, -1 / 360, 1 / 15120, -1 / 604800, 1 / 23950080, -691 / 653837184000]
    c = minus(r, series(times(r, r), coth))
    y = minus(1.0, minus(minus(low, over(times(r, c), minus(2.0, c))), high))
    return times(times(y, 2.0 ** (k // 2)), 2.0 ** (k - k // 2))


def log(x: float) -> float:
    """The steps of the format document, each rounded once."""
    if not 0.0 < x < inf:
        return -inf if x == 0.0 else x if x == inf else nan
    m, e = frexp(x)
    m, e = (m, e) if m >= float.fromhex("0x1.6a09e667f3bcdp-1") else (2 * m, e - 1)
    f = minus(m, 1.0)
    s = over(f, plus(2.0, f))
    r = series(times(s, s), [2 / n for n in range(3, 23, 2)])
    q = times(times(f, f), 0.5)
    return minus(times(e, LN2_HIGH), minus(minus(q, plus(times(s, plus(q, r)), times(e, LN2_LOW))), f))


def pairs(*operands: Row) -> list[tuple[float, ...]]:
    n = max(map(len, operands))
    return list(zip(*[list(v) * (n if len(v) == 1 else 1) for v in operands], strict=True))


def each(f: Callable[..., float]) -> Callable[..., list[float]]:
    return lambda *operands: [f(*values) for values in pairs(*operands)]


def total(a: Row) -> float:
    """The one sum for up to 128 values."""
    if len(a) < 8:
        head, tail = -0.0, list(a)
    else:
        lanes = list(a[:8])
        for i in range(8, len(a) // 8 * 8):
            lanes[i % 8] = plus(lanes[i % 8], a[i])
        while len(lanes) > 1:
            lanes = [plus(lanes[k], lanes[k + 1]) for k in range(0, len(lanes), 2)]
        head, tail = lanes[0], list(a[len(a) // 8 * 8 :])
    for v in tail:
        head = plus(head, v)
    return plus(0.0, head)


def parts_of(a: Row, parts: int) -> list[Row]:
    width = len(a) // parts
    return [a[i * width :][:width] for i in range(parts)]


def reduced(a: Row, f: str, d: int) -> float:
    if f in ("sum", "sumsq", "abs"):
        values = {"sum": a, "sumsq": [times(v, v) for v in a], "abs": [abs(v) for v in a]}[f]
        return over(total(values), float(d))
    if any(v != v for v in a):
        return nan
    largest = {"max": max(a), "min": min(a), "maxabs": max(abs(v) for v in a)}[f]
    return plus(largest, 0.0)


def row(a: Row, f: str, d: int, parts: int = 1) -> list[float]:
    return [reduced(part, f, d) for part in parts_of(a, parts)]


def argmax(a: Row, parts: int = 1) -> list[float]:
    found = []
    for part in parts_of(a, parts):
        best = 0
        for i, v in enumerate(part):
            best = i if v > part[best] else best
        found.append(nan if any(v != v for v in part) else float(best))
    return found


def order(a: Row, k: Row, f: str = "quantile") -> list[float]:
    if f == "quantile":
        # Independent for finite values: numpy's own default method.
        return [float(v) for v in np.quantile(np.array(a) + 0.0, k)]
    ranks = sorted(range(len(a)), key=a.__getitem__)
    reached = [0.0]
    for i in ranks:
        reached.append(plus(reached[-1], k[i]))
    return [next(plus(a[i], 0.0) for i, r in zip(ranks, reached[1:], strict=True) if r >= times(0.5, reached[-1]))]


def banded(a: Row, taps: Sequence[Row], runs: Sequence[Sequence[int]]) -> list[float]:
    out = []
    for count, start, stride, r in runs:
        for q in range(count):
            window = a[start + q * stride :][: len(taps[r])]
            products = [times(v, c) for v, c in zip(window, taps[r], strict=True)]
            y = products[0]
            for product in products[1:]:
                y = plus(y, product)
            out.append(y)
    return out


def matmul(a: Row, table: Sequence[Row]) -> list[float]:
    return [total([times(v, w) for v, w in zip(a, weights, strict=True)]) for weights in table]


def pieces(a: Row, breaks: Row, coef: Sequence[Row], cols: Sequence[Sequence[int]]) -> list[float]:
    out = []
    for column, first, count in cols:
        x = a[column]
        q = max([first, *(i for i in range(first, first + count) if breaks[i] <= x)])
        t, y = minus(x, breaks[q]), coef[q][0]
        for c in coef[q][1:]:
            y = plus(times(y, t), c)
        out.append(nan if x != x else y)
    return out


def forest(
    a: Row,
    feature: Sequence[int],
    threshold: Row,
    kids: Sequence[int],
    value: Sequence[Row],
    root: Sequence[int],
    groups: Sequence[int],
) -> list[float]:
    def end(node: int) -> Row:
        left, right = kids[2 * node : 2 * node + 2]
        if left == node:
            return value[node]
        return end(right if a[feature[node]] > threshold[node] else left)

    out: list[float] = []
    for number, size in enumerate(groups):
        trees = root[sum(groups[:number]) :][:size]
        out += reduce(lambda sums, row: [plus(s, v) for s, v in zip(sums, row, strict=True)], map(end, trees))
    return [nan if any(v != v for v in a) else v for v in out]


def dist(a: Row, table: Sequence[Row], f: str) -> list[float]:
    norm = {"l2": "sumsq", "l1": "abs", "max": "maxabs"}[f]
    return [reduced([minus(v, w) for v, w in zip(a, row, strict=True)], norm, 1) for row in table]


def nearest(a: Row, table: Sequence[Row], k: int, f: str) -> list[float]:
    ranks = sorted((v, i) for i, v in enumerate(a))[:k]
    weights = [1.0 if f == "uniform" else over(1.0, d) for d, _ in ranks]
    if any(abs(w) == inf for w in weights):
        weights = [float(abs(w) == inf) for w in weights]
    columns = zip(*[[times(w, v) for v in table[i]] for w, (_, i) in zip(weights, ranks, strict=True)], strict=True)
    return [nan if any(v != v for v in a) else over(reduce(plus, values), reduce(plus, weights)) for values in columns]


def fold(*rows: Row, d: int, parts: int = 1) -> list[float]:
    out = []
    for values in zip(*[part for a in rows for part in parts_of(a, parts)], strict=True):
        y = values[0]
        for v in values[1:]:
            y = plus(y, v)
        out.append(over(y, float(d)))
    return out


MAP: dict[str, Callable[[float], float]] = {
    "sqrt": root,
    "abs": lambda v: copysign(v, 1.0),
    "floor": lambda v: copysign(floor(v), v) if isfinite(v) else v,
    "exp": exp,
    "log": log,
}
COMPARE = {"lt": lambda a, b: a < b, "le": lambda a, b: a <= b, "eq": lambda a, b: a == b}

ORACLES: dict[str, Callable[..., list[float]]] = {
    "add": each(plus),
    "sub": each(minus),
    "mul": each(times),
    "div": each(over),
    "max": each(lambda a, b: b if a < b else a),
    "min": each(lambda a, b: b if b < a else a),
    "select": lambda a, b, x, y, f: [u if COMPARE[f](p, q) else v for p, q, u, v in pairs(a, b, x, y)],
    "map": lambda a, f: [MAP[f](v) for v in a],
    "row": row,
    "argmax": argmax,
    "order": order,
    "gather": lambda a, index: [a[i] for i in index],
    "banded": banded,
    "matmul": matmul,
    "pieces": pieces,
    "forest": forest,
    "dist": dist,
    "nearest": nearest,
    "concat": lambda *rows: [v for a in rows for v in a],
    "fold": fold,
}


def test_every_word_has_its_oracle() -> None:
    assert set(ORACLES) == set(WORDS)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # numpy's oracles divide by zero, as they are asked to
@pytest.mark.parametrize("word", WORDS)
@settings(max_examples=60, deadline=None)
@given(rng=st.randoms(use_true_random=False))
def test_an_instruction_rounds_every_step_correctly(word: str, rng: Random) -> None:
    plan = draw_lines(rng, word, rng.randint(1, 40))
    # Squares of the huge must stay finite for the fractions to mean something in sums.
    kinds = FINITE if word not in ("row", "order", "matmul", "banded", "dist") else [k for k in FINITE if k != "huge"]
    X = draw_rows(rng, 3, plan.inputs[0].width, kinds)
    found = Replay(plan, tuple(plan.outputs))(X)
    for i, x in enumerate(X.tolist()):
        expected = replay_row(plan, x, ORACLES)
        for name, answer in zip(plan.outputs, found, strict=True):
            assert bits(answer[i]) == bits(expected[name]), (name, x)


def replay(op: str, X: Any, *constants: Any, **params: Any) -> Any:
    """One instruction on the spectra and these constants, "x" standing for the spectra themselves."""
    names = ["x" if isinstance(v, str) else f"k{i}" for i, v in enumerate(constants)]
    held = {name: Constant.of(v) for name, v in zip(names, constants, strict=True) if name != "x"}
    X = np.atleast_2d(np.asarray(X, dtype=np.float64))
    line = Instruction(op, ("x", *names), "y", params)
    return Replay(Plan((Input("x", X.shape[1]),), held, (line,), {"y": Output("y")}), ["y"])(X)[0]


@pytest.mark.parametrize("f", ["sum", "sumsq", "abs"])
def test_a_row_is_within_the_error_bound_of_the_exact_one(f: str) -> None:
    rng = Random(5)
    for width in (1, 9, 100, 129, 1000):
        X = draw_rows(rng, 4, width, ["plain", "scales", "tiny"])
        for x, y in zip(X.tolist(), replay("row", X, f=f, d=width)[:, 0].tolist(), strict=True):
            terms: list[Fraction] = [
                {"sum": Fraction(v), "sumsq": Fraction(v) ** 2, "abs": abs(Fraction(v))}[f] for v in x
            ]
            total = sum((abs(term) for term in terms), Fraction(0))
            bound = 40 * total / 2**53 / width + Fraction(1, 2**1070)
            assert abs(Fraction(y) - sum(terms, Fraction(0)) / width) <= bound


def test_banded_is_the_exact_convolution_within_its_error_bound() -> None:
    rng = Random(6)
    X, taps = draw_rows(rng, 4, 60, ["plain", "scales"]), draw_rows(rng, 1, 15, ["plain"])
    answer = replay("banded", X, taps, runs=[[46, 0, 1, 0]])
    c = [Fraction(v) for v in taps[0].tolist()]
    for x, ys in zip(X.tolist(), answer.tolist(), strict=True):
        for q, y in enumerate(ys):
            terms = [Fraction(v) * w for v, w in zip(x[q : q + 15], c, strict=True)]
            assert abs(Fraction(y) - sum(terms)) <= 16 * Fraction(2) ** -53 * sum(map(abs, terms))


def test_matmul_is_the_exact_product_within_its_error_bound() -> None:
    rng = Random(7)
    X, table = draw_rows(rng, 3, 1000, ["plain", "scales"]), draw_rows(rng, 4, 1000, ["plain"])
    answer = replay("matmul", X, table)
    for x, ys in zip(X.tolist(), answer.tolist(), strict=True):
        for weights, y in zip(table.tolist(), ys, strict=True):
            terms = [Fraction(v) * Fraction(w) for v, w in zip(x, weights, strict=True)]
            assert abs(Fraction(y) - sum(terms)) <= 40 * Fraction(2) ** -53 * sum(map(abs, terms))


def test_quantiles_are_the_exact_ones_within_a_few_roundings() -> None:
    rng = Random(8)
    for width in (1, 2, 3, 10, 101):
        X = draw_rows(rng, 4, width, ["plain", "scales", "ties"])
        k = [0.0, 0.1, 0.25, 0.5, 0.9, 1.0]
        for x, ys in zip(X.tolist(), replay("order", X, k).tolist(), strict=True):
            ranked = [Fraction(v) for v in sorted(x)]
            for q, y in zip(k, ys, strict=True):
                v = Fraction(q) * (width - 1)
                low, high = ranked[int(v)], ranked[min(int(v) + 1, width - 1)]
                exact = low + (high - low) * (v - int(v))
                assert abs(Fraction(y) - exact) <= width * Fraction(2) ** -51 * (abs(low) + abs(high))
                assert low <= Fraction(y) <= high


def test_exp_and_log_are_less_than_one_ulp_from_the_true_value() -> None:
    rng = np.random.default_rng(9)
    near = [*rng.uniform(-1.0, 1.0, 2000), *(rng.normal(size=300) * 1e-8), *np.linspace(0.3465, 0.3467, 300)]
    far = [*rng.uniform(-745.1, 709.7, 2000), 709.782712893384, -745.1332191019411, -708.5, 1e-300, 5e-324]
    powers = [*np.exp(rng.uniform(-744.0, 709.0, 2000)), *(1.0 + rng.normal(size=300) * 1e-7), 5e-324, 1.7e308]
    for f, true, X in (("exp", mpmath.exp, [*near, *far]), ("log", mpmath.log, [*map(abs, near), *powers])):
        x = np.array(X)
        with mpmath.workprec(120):
            for v, found in zip(x.tolist(), replay("map", x, f=f)[0].tolist(), strict=True):
                exact = true(mpmath.mpf(v))
                assert abs(found - exact) < ulp(float(exact)), (f, v)


def test_exp_and_log_end_where_reals_do() -> None:
    x = [0.0, -0.0, 709.782712893384, 709.7827128933841, 1e300, inf, -745.133, -745.134, -inf, nan]
    assert bits(replay("map", x, f="exp")) == bits(
        [1.0, 1.0, 1.7976931348622732e308, inf, inf, inf, 5e-324, 0.0, 0.0, nan]
    )
    x = [1.0, 0.0, -0.0, inf, -5e-324, -inf, nan]
    assert bits(replay("map", x, f="log")) == bits([0.0, -inf, -inf, inf, nan, nan, nan])


def test_floor_keeps_signs_and_what_is_whole() -> None:
    x = [0.5, -0.5, -0.0, 0.0, 2.0**52 + 1.0, -(2.0**60), 5e-324, -5e-324, inf, -inf, nan]
    floors = [0.0, -1.0, -0.0, 0.0, 2.0**52 + 1.0, -(2.0**60), 0.0, -1.0, inf, -inf, nan]
    assert bits(replay("map", x, f="floor")) == bits(floors)


def test_comparisons_with_nan_are_false_and_nan_in_a_row_makes_it_unknown() -> None:
    for op in ("max", "min"):
        assert bits(replay(op, [nan, 1.0], 0.0)) == bits([nan, 1.0 if op == "max" else 0.0])
        assert bits(replay(op, [nan, 1.0], nan)) == bits([nan, 1.0])
    for f in ("lt", "le", "eq"):
        assert bits(replay("select", [nan, nan], nan, 5.0, "x", f=f)) == bits([nan, nan])
    for f in ("max", "min", "maxabs", "sum", "sumsq", "abs"):
        assert bits(replay("row", [1.0, nan, -inf], f=f, d=1)) == bits(nan)
    assert bits(replay("order", [3.0, nan, 1.0], [0.0, 0.5])) == bits([nan, nan])


def test_parts_are_registers_of_their_own() -> None:
    X = draw_rows(Random(10), 5, 3 * 137, FINITE)
    thirds = [X[:, i * 137 :][:, :137] for i in range(3)]
    for f in ("sum", "sumsq", "abs", "max", "min", "maxabs"):
        alone = np.hstack([replay("row", part, f=f, d=1) for part in thirds])
        assert bits(replay("row", X, f=f, d=1, parts=3)) == bits(alone)
    assert bits(replay("argmax", X, parts=3)) == bits(np.hstack([replay("argmax", part) for part in thirds]))
    mean = replay("fold", X, d=3, parts=3)
    assert bits(mean) == bits((thirds[0] + thirds[1] + thirds[2]) / 3.0)


def test_of_equal_values_the_first_is_the_largest_and_nan_hides_it() -> None:
    assert replay("argmax", [[1.0, 3.0, 3.0], [-0.0, 0.0, -0.0], [-inf, -inf, -inf]]).ravel().tolist() == [1, 0, 0]
    assert bits(replay("argmax", [1.0, nan, 3.0, 4.0], parts=2)) == bits([nan, 1.0])


def test_half_of_the_weight_is_reached_at_the_weighted_median() -> None:
    X = [[3.0, 1.0, 2.0], [1.0, 2.0, 3.0], [-0.0, -0.0, -0.0], [1.0, nan, 2.0], [-inf, 5.0, inf]]
    for weights, medians in (
        ([1.0, 1.0, 1.0], [2.0, 2.0, 0.0, nan, 5.0]),
        ([1.0, 0.0, 1.0], [2.0, 1.0, 0.0, nan, -inf]),
        ([0.0, 0.0, 0.0], [1.0, 1.0, 0.0, nan, -inf]),
        ([0.0, 0.0, 5.0], [2.0, 3.0, 0.0, nan, inf]),
    ):
        assert bits(replay("order", X, weights, f="wmedian")) == bits(medians)


STUMP: dict[str, Any] = {
    "feature": [1, 0, 0],
    "threshold": [0.5, 0.0, 0.0],
    "kids": [1, 2, 1, 1, 2, 2],
    "value": [[0.0, 0.0], [1.0, 10.0], [2.0, 20.0]],
    "root": [0],
}


def test_a_walk_goes_right_only_above_the_threshold() -> None:
    X = [[9.0, 0.5], [0.0, 0.5 + 2.0**-53], [0.0, inf], [0.0, -inf], [nan, 3.0], [0.0, nan]]
    found = replay("forest", X, *STUMP.values(), groups=[1])
    assert bits(found) == bits([[1, 10], [2, 20], [2, 20], [1, 10], [nan, nan], [nan, nan]])


def test_trees_are_added_in_their_order_group_beside_group() -> None:
    value = [[1e16], [1.0], [1.0], [-1e16]]
    leaves = [[0] * 4, [0.0] * 4, [0, 0, 1, 1, 2, 2, 3, 3], value, [0, 1, 2, 3]]
    for groups, sums in (
        ([4], [0.0]),
        ([1, 3], [1e16, 2.0 - 1e16]),
        ([2, 2], [1e16, -1e16]),
        ([1, 2, 1], [1e16, 2.0, -1e16]),
    ):
        assert replay("forest", [[5.0], [6.0]], *leaves, groups=groups).tolist() == [sums, sums]


def test_a_forest_has_the_bits_of_scikit_learn() -> None:
    rng = np.random.default_rng(11)
    X, Y = rng.normal(size=(150, 20)).astype(np.float32).astype(np.float64), rng.normal(size=(150, 2))
    forests = [RandomForestRegressor(n, random_state=n).fit(X[n:], Y[n:]) for n in (7, 12, 12)]
    tables: list[list[Any]] = [[], [], [], [], []]
    for tree in [estimator.tree_ for forest in forests for estimator in forest.estimators_]:
        node, first = np.arange(tree.node_count), len(tables[0])
        left, right = (np.where(kid < 0, node, kid) + first for kid in (tree.children_left, tree.children_right))
        tables[0] += np.maximum(tree.feature, 0).tolist()
        tables[1] += tree.threshold.tolist()
        tables[2] += np.stack([left, right], axis=1).ravel().tolist()
        tables[3] += tree.value[:, :, 0].tolist()
        tables[4].append(first)
    sums = replay("forest", np.tile(X, (3, 1)), *tables, groups=[7, 12, 12])
    expected = np.hstack([forest.predict(np.tile(X, (3, 1))) for forest in forests])
    assert bits(sums / [7, 7, 12, 12, 12, 12]) == bits(expected)


def test_a_polynomial_ends_where_the_next_begins() -> None:
    breaks, coef = [0.0, 1.0, 1.0, 2.0, -5.0], [[1.0, 0.0], [9.0, 9.0], [2.0, 1.0], [0.0, 7.0], [3.0, 4.0]]
    x = [-1.0, 0.0, nextafter(1.0, 0.0), 1.0, 2.0, 3.0, inf, nan]
    found = replay("pieces", [[v, 1.0] for v in x], breaks, coef, cols=[[0, 0, 4], [1, 4, 1]])
    assert bits(found[:, 0]) == bits([-1.0, 0.0, nextafter(1.0, 0.0), 1.0, 7.0, 7.0, nan, nan])
    assert found[:, 1].tolist() == [22.0] * len(x)
    assert bits(replay("pieces", [nan, 5.0], [0.0], [[6.0]], cols=[[0, 0, 1], [1, 0, 1]])) == bits([nan, 6.0])


def test_distances_are_differences_first() -> None:
    x, table = [1e8 + 1.0, 3.0, nan], [[1e8, 3.0, 0.0], [1e8, 1.0, 0.0]]
    for f, found in (("l2", [1.0, 5.0]), ("l1", [1.0, 3.0]), ("max", [1.0, 2.0])):
        assert replay("dist", x[:2], [row[:2] for row in table], f=f).tolist() == [found]
        assert bits(replay("dist", x, table, f=f)) == bits([nan, nan])


def test_equal_distances_count_in_their_order_and_zero_counts_alone() -> None:
    V = [[1.0], [2.0], [4.0], [8.0]]
    assert replay("nearest", [2.0, 1.0, 2.0, 3.0], V, k=2, f="uniform").tolist() == [[1.5]]
    assert replay("nearest", [2.0, 1.0, 4.0, 4.0], V, k=3, f="distance").tolist() == [[(2.0 + 0.5 + 1.0) / 1.75]]
    assert replay("nearest", [0.0, 1.0, -0.0, 3.0], V, k=3, f="distance").tolist() == [[2.5]]
    assert replay("nearest", [5e-324, 1.0, inf, 3.0], V, k=4, f="distance").tolist() == [[1.0]]
    assert bits(replay("nearest", [0.0, 1.0, 2.0, nan], V, k=1, f="uniform")) == bits([nan])


def test_constants_stand_beside_registers_in_every_row() -> None:
    X = [[1.0, 2.0], [3.0, 4.0]]
    assert replay("concat", X, [7.0, 8.0, 9.0], "x").tolist() == [[1, 2, 7, 8, 9, 1, 2], [3, 4, 7, 8, 9, 3, 4]]
    assert replay("fold", X, [7.0, 8.0], d=2).tolist() == [[4.0, 5.0], [5.0, 6.0]]


def test_zeros_keep_or_lose_their_sign_as_defined() -> None:
    assert bits(replay("max", [-0.0, 0.0], [0.0, -0.0])) == bits([-0.0, 0.0])
    assert bits(replay("min", [-0.0, 0.0], [0.0, -0.0])) == bits([-0.0, 0.0])
    for f in ("max", "min", "maxabs", "sum"):
        for zeros in ([-0.0], [-0.0] * 9, [0.0, -0.0], [-0.0, 0.0]):
            assert bits(replay("row", zeros, f=f, d=1)) == bits(0.0)
    assert bits(replay("order", [-0.0, -0.0], [0.0, 0.5, 1.0])) == bits([0.0, 0.0, 0.0])
    assert bits(replay("matmul", [-0.0, -0.0], [[1.0, 1.0]])) == bits(0.0)


def test_division_by_zero_is_infinite_or_unknown() -> None:
    assert bits(replay("div", [1.0, -1.0, 0.0, 1.0], [0.0, 0.0, 0.0, -0.0])) == bits([inf, -inf, nan, -inf])


def test_a_pickled_step_is_refused_without_leave_and_its_answer_is_checked() -> None:
    line = Instruction("opaque", ("x",), "y", {"artifact": "0" * 64, "width": 2})
    plan = Plan((Input("x", 3),), {}, (line,), {"value": Output("y"), "x": Output("x")})
    with pytest.raises(PlanError, match=f"artifact {'0' * 64}.*allow_opaque=True"):
        Replay(plan)
    assert Replay(plan, ["x"])(np.ones((1, 3)))[0].tolist() == [[1.0, 1.0, 1.0]]

    def careless(x: Any) -> Any:
        x *= 2.0
        return x[:, :2]

    trusted = Replay(plan, ["value", "x"], opaque={"0" * 64: careless})
    answers = trusted(np.array([[1.0, 2.0, 3.0]]))
    assert [answer.tolist() for answer in answers] == [[[2.0, 4.0]], [[1.0, 2.0, 3.0]]]
    with pytest.raises(PlanError, match=r"answered with shape \(1, 3\), expected \(1, 2\)"):
        Replay(plan, opaque={"0" * 64: lambda x: x})(np.ones((1, 3)))
