"""The instructions in plain Python: the twin of `kernels`, bit for bit, and the text that scripts are cut from.

A register is a list of floats (one row). Every function stands alone but for the names it calls, so that a script
can carry just those it uses. Python 3.8 syntax; only `math` is imported. `sum()` is not used: CPython 3.12 changed
how it rounds.
"""

# Scripts carry this text: annotations would only be noise there.
# mypy: allow-untyped-defs, allow-untyped-calls

from math import copysign, floor, frexp, inf, ldexp, nan, sqrt

__all__ = [
    "absolute",
    "add",
    "argmax",
    "banded",
    "concat",
    "dist",
    "div",
    "exponential",
    "fold",
    "forest",
    "gather",
    "leaf",
    "logarithm",
    "map_",
    "matmul",
    "max_",
    "min_",
    "mul",
    "nearest",
    "opaque",
    "order",
    "pairs",
    "pairwise",
    "pieces",
    "quantile",
    "quantiles",
    "quotient",
    "reduced",
    "root",
    "row",
    "segments",
    "select",
    "sub",
    "total",
    "unknown",
    "weighted_median",
    "whole",
]


def pairwise(a):
    # numpy's pairwise sum: short runs in order, up to 128 in eight accumulators, longer ones halved.
    n = len(a)
    if n < 8:
        r = -0.0
        for v in a:
            r += v
        return r
    if n <= 128:
        r0, r1, r2, r3, r4, r5, r6, r7 = a[:8]
        whole = n - n % 8
        for i in range(8, whole, 8):
            b0, b1, b2, b3, b4, b5, b6, b7 = a[i : i + 8]
            r0 += b0
            r1 += b1
            r2 += b2
            r3 += b3
            r4 += b4
            r5 += b5
            r6 += b6
            r7 += b7
        r = ((r0 + r1) + (r2 + r3)) + ((r4 + r5) + (r6 + r7))
        for v in a[whole:]:
            r += v
        return r
    half = n // 2
    half -= half % 8
    return pairwise(a[:half]) + pairwise(a[half:])


def total(a):
    # The one sum of all hosts: segments of 8192, pairwise inside, added in order. It starts from 0.0, so that
    # a sum of negative zeros is positive zero.
    r = 0.0
    for i in range(0, len(a), 8192):
        r += pairwise(a[i : i + 8192])
    return r


def pairs(a, b):
    # Two registers side by side; a single value goes with every value of the other.
    if len(a) == len(b):
        return zip(a, b)
    if len(b) == 1:
        return zip(a, b * len(a))
    return zip(a * len(b), b)


def add(a, b):
    return [x + y for x, y in pairs(a, b)]


def sub(a, b):
    return [x - y for x, y in pairs(a, b)]


def mul(a, b):
    return [x * y for x, y in pairs(a, b)]


def quotient(x, y):
    # IEEE division: where Python raises, x/0 is an infinity and 0/0 is not a number.
    if y != 0.0:
        return x / y
    if x == 0.0 or x != x:
        return nan
    return copysign(inf, x) * copysign(1.0, y)


def div(a, b):
    return [quotient(x, y) for x, y in pairs(a, b)]


def max_(a, b):
    return [y if x < y else x for x, y in pairs(a, b)]


def min_(a, b):
    return [y if y < x else x for x, y in pairs(a, b)]


def select(a, b, x, y, f):
    n = max(len(a), len(b), len(x), len(y))
    a, b, x, y = [v * n if len(v) == 1 else v for v in (a, b, x, y)]
    if f == "lt":
        return [u if p < q else v for p, q, u, v in zip(a, b, x, y)]
    if f == "le":
        return [u if p <= q else v for p, q, u, v in zip(a, b, x, y)]
    return [u if p == q else v for p, q, u, v in zip(a, b, x, y)]


def root(x):
    return sqrt(x) if x >= 0.0 else nan


def absolute(x):
    return abs(x)


def whole(x):
    # Python's floor makes an integer: no infinity, no sign of zero.
    return float(floor(x)) if abs(x) < 4503599627370496.0 and x != 0.0 else x


def exponential(x):
    # x = k * ln 2 + r, ln 2 in two parts; the series is that of r * coth(r / 2). The power of two comes in two
    # steps, because 2**k may be no number where the result is one.
    if x != x:
        return x
    x = min(max(x, -746.0), 710.0)
    k = floor(x * 1.4426950408889634 + 0.5)
    high = x - k * 0.6931471803691238
    low = k * 1.9082149292705877e-10
    r = high - low
    t = r * r
    c = t * (-691 / 653837184000)
    for b in (1 / 23950080, -1 / 604800, 1 / 15120, -1 / 360, 1 / 6):
        c = (c + b) * t
    c = r - c
    y = 1.0 - ((low - r * c / (2.0 - c)) - high)
    half = k // 2
    return ldexp(y, half) * ldexp(1.0, k - half)


def logarithm(x):
    # x = m * 2**e with m near 1; the series is that of the inverse hyperbolic tangent of (m - 1) / (m + 1).
    if not 0.0 < x < inf:
        return -inf if x == 0.0 else x if x > 0.0 else nan
    m, e = frexp(x)
    if m < 0.7071067811865476:
        m += m
        e -= 1
    f = m - 1.0
    s = f / (2.0 + f)
    z = s * s
    r = z * (2 / 21)
    for k in range(9, 0, -1):
        r = (r + 2 / (2 * k + 1)) * z
    half = f * f * 0.5
    return e * 0.6931471803691238 - ((half - (s * (half + r) + e * 1.9082149292705877e-10)) - f)


def map_(a, f):
    if f == "sqrt":
        return [root(x) for x in a]
    if f == "abs":
        return [absolute(x) for x in a]
    if f == "floor":
        return [whole(x) for x in a]
    return [exponential(x) for x in a] if f == "exp" else [logarithm(x) for x in a]


def segments(a, parts):
    # A register as equal parts, side by side.
    width = len(a) // parts
    return [a[i : i + width] for i in range(0, len(a), width)]


def unknown(a):
    # Whether a value is not a number: comparisons would not show it.
    return any(x != x for x in a)


def reduced(a, f):
    if f == "sum":
        return total(a)
    if f == "sumsq":
        return total([x * x for x in a])
    if f == "abs":
        return total([abs(x) for x in a])
    if unknown(a):
        return nan
    if f == "min":
        return min(a) + 0.0
    return (max(a) if f == "max" else max(map(abs, a))) + 0.0


def row(a, f, d=1, parts=1):
    return [reduced(v, f) / d for v in segments(a, parts)]


def argmax(a, parts=1):
    return [nan if unknown(v) else float(v.index(max(v))) for v in segments(a, parts)]


def quantile(a, q):
    # `a` is sorted. The two branches are numpy's, which keep the result between its neighbours.
    v = q * (len(a) - 1)
    i = int(v)
    t = v - i
    low = a[i]
    high = a[min(i + 1, len(a) - 1)]
    step = high - low
    return low + step * t if t < 0.5 else high - step * (1.0 - t)


def quantiles(a, k):
    a = sorted(x + 0.0 for x in a)
    return [quantile(a, q) for q in k]


def weighted_median(a, weights):
    # The first value, from the smallest on, at which half of the weight is reached.
    ranked = sorted(zip([x + 0.0 for x in a], range(len(a))))
    reached = [weights[ranked[0][1]]]
    for _, i in ranked[1:]:
        reached.append(reached[-1] + weights[i])
    return [next(x for (x, _), r in zip(ranked, reached) if r >= 0.5 * reached[-1])]


def order(a, k, f="quantile"):
    if unknown(a):
        return [nan] * (len(k) if f == "quantile" else 1)
    return quantiles(a, k) if f == "quantile" else weighted_median(a, k)


def gather(a, index):
    return [a[i] for i in index]


def banded(a, taps, runs):
    # Each run slides one row of taps over the register: [how many, first position, stride, row of taps].
    out = []
    for count, start, stride, r in runs:
        c = taps[r]
        for s in range(start, start + count * stride, stride):
            y = c[0] * a[s]
            for j in range(1, len(c)):
                y += c[j] * a[s + j]
            out.append(y)
    return out


def matmul(a, table):
    return [total([x * w for x, w in zip(a, weights)]) for weights in table]


def pieces(a, breaks, coef, cols):
    # For each [column, first break, how many]: the polynomial behind the last break that is not above the value.
    out = []
    for column, first, count in cols:
        x = a[column]
        low, high = first, first + count
        while high - low > 1:
            middle = (low + high) // 2
            if breaks[middle] <= x:
                low = middle
            else:
                high = middle
        t = x - breaks[low]
        y = coef[low][0]
        for c in coef[low][1:]:
            y = y * t + c
        out.append(y if x == x else nan)
    return out


def leaf(a, feature, threshold, kids, node):
    # A leaf is its own kid; every other node comes before its kids.
    while True:
        kid = kids[2 * node + (a[feature[node]] > threshold[node])]
        if kid == node:
            return node
        node = kid


def forest(a, feature, threshold, kids, value, root, groups):
    if unknown(a):
        return [nan] * (len(groups) * len(value[0]))
    leaves = [value[leaf(a, feature, threshold, kids, node)] for node in root]
    out = []
    tree = 0
    for size in groups:
        sums = leaves[tree]
        for v in leaves[tree + 1 : tree + size]:
            sums = [x + y for x, y in zip(sums, v)]
        out += sums
        tree += size
    return out


def dist(a, table, f):
    norm = {"l2": "sumsq", "l1": "abs", "max": "maxabs"}[f]
    return [reduced([x - y for x, y in zip(a, s)], norm) for s in table]


def nearest(a, table, k, f):
    if unknown(a):
        return [nan] * len(table[0])
    ranks = sorted(range(len(a)), key=a.__getitem__)[:k]
    weights = [1.0 if f == "uniform" else quotient(1.0, a[i]) for i in ranks]
    if any(abs(w) == inf for w in weights):
        weights = [1.0 if abs(w) == inf else 0.0 for w in weights]
    sums = [weights[0] * v for v in table[ranks[0]]]
    total_weight = weights[0]
    for i, w in zip(ranks[1:], weights[1:]):
        sums = [s + w * v for s, v in zip(sums, table[i])]
        total_weight += w
    return [quotient(s, total_weight) for s in sums]


def concat(*rows):
    return [x for r in rows for x in r]


def fold(*rows, d, parts=1):
    out, *others = [v for r in rows for v in segments(r, parts)]
    for r in others:
        out = [x + y for x, y in zip(out, r)]
    return [x / d for x in out]


def opaque(a, artifact, width):
    raise ValueError("a step of this model is a pickled object (%s); plain Python cannot run it" % artifact)
