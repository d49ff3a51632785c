"""The exponential and the logarithm from `+ − × ÷`, floor and powers of two: the same bits wherever they are computed.

Those of a mathematics library differ from one to the next. Both methods are the classical ones of W. Kahan and K. C. Ng
(the fdlibm library), with the plain coefficients of the series; the result is less than 1 ulp from the true value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import inf, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["exp_calls", "log_calls"]

Array = NDArray[Any]
Calls = list[Callable[[], Any]]

CHUNK = 4096
"""Values treated at once: what stands between two steps then stays in the nearest cache."""


def _number(value: float) -> NDArray[np.float64]:
    # An array, because numpy takes longer to make one of a Python number than to multiply a few values.
    return np.array(value)


HALF, ONE, TWO = _number(0.5), _number(1.0), _number(2.0)
LN2_HIGH = _number(float.fromhex("0x1.62e42fee00000p-1"))
"""ln 2 to 32 bits: its product with an exponent is exact."""
LN2_LOW = _number(float.fromhex("0x1.a39ef35793c76p-33"))
LOG2_E = _number(float.fromhex("0x1.71547652b82fep+0"))
ROOT_HALF = _number(float.fromhex("0x1.6a09e667f3bcdp-1"))
SMALLEST, LARGEST = _number(-746.0), _number(710.0)
"""Beyond these the exponential is 0 and infinite."""
EXPONENT = _number(2.0**52 + 1023.0)
"""Added to an exponent k: the last bits of the sum are those that begin 2^k."""
SHIFT = np.array(52)

COTH = [_number(v) for v in (1 / 6, -1 / 360, 1 / 15120, -1 / 604800, 1 / 23950080, -691 / 653837184000)]
"""r·coth(r/2) = 2 + r²/6 − r⁴/360 + …, the Bernoulli numbers twice, over (2k)!."""
ATANH = [_number(2 / (2 * k + 1)) for k in range(1, 11)]
"""2·atanh(s) = 2s + 2s³/3 + 2s⁵/5 + …"""


def exp_calls(a: Array, out: Array) -> Calls:
    """The calls that write e^a into `out`, both C-contiguous and of one shape."""
    return _in_chunks(_exp, a, out)


def log_calls(a: Array, out: Array) -> Calls:
    """The calls that write the natural logarithm of `a` into `out`, both C-contiguous and of one shape."""
    return _in_chunks(_log, a, out)


def _in_chunks(calls: Callable[..., Calls], a: Array, out: Array) -> Calls:
    a, out = a.reshape(-1), out.reshape(-1)
    between = np.empty((5, min(len(a), CHUNK)))
    parts = [slice(start, start + CHUNK) for start in range(0, len(a), CHUNK)]
    return [call for part in parts for call in calls(a[part], out[part], *between[:, : len(a[part])])]


def _series(t: Array, coefficients: Sequence[Array], out: Array) -> Calls:
    """out = c1·t + c2·t² + …, from the last term on."""
    calls: Calls = [partial(np.multiply, t, coefficients[-1], out)]
    for c in coefficients[-2::-1]:
        calls += [partial(np.add, out, c, out), partial(np.multiply, out, t, out)]
    return calls


def _exp(x: Array, y: Array, k: Array, high: Array, low: Array, r: Array, t: Array) -> Calls:
    # x = k·ln 2 + r. With c = r − (r²/6 − r⁴/360 + …), e^r = 1 + r + r·c/(2 − c); then twice 2^(about k/2), because
    # 2^k may be no number where the result is one.
    return [
        partial(np.minimum, x, LARGEST, out=high),
        partial(np.maximum, high, SMALLEST, out=high),
        partial(np.multiply, high, LOG2_E, k),
        partial(np.add, k, HALF, k),
        partial(np.floor, k, k),
        partial(np.multiply, k, LN2_HIGH, t),
        partial(np.subtract, high, t, high),
        partial(np.multiply, k, LN2_LOW, low),
        partial(np.subtract, high, low, r),
        partial(np.multiply, r, r, t),
        *_series(t, COTH, y),
        partial(np.subtract, r, y, y),
        partial(np.multiply, r, y, r),
        partial(np.subtract, TWO, y, y),
        partial(np.divide, r, y, y),
        partial(np.subtract, low, y, y),
        partial(np.subtract, y, high, y),
        partial(np.subtract, ONE, y, y),
        partial(np.multiply, k, HALF, t),
        partial(np.floor, t, t),
        partial(np.subtract, k, t, k),
        *_times_power(t, y),
        *_times_power(k, y),
    ]


def _times_power(k: Array, y: Array) -> Calls:
    """y = y·2^k for whole numbers k from −1022 to 1023; `k` is lost."""
    bits = k.view(np.int64)
    return [
        partial(np.add, k, EXPONENT, k),
        partial(np.left_shift, bits, SHIFT, bits),
        partial(np.multiply, y, k, y),
    ]


def _log(x: Array, y: Array, m: Array, e: Array, s: Array, z: Array, half: Array) -> Calls:
    # x = m·2^e with √½ ≤ m < √2. With f = m − 1 and s = f/(2 + f), ln m = f − (f²/2 − s·(f²/2 + R)), where R is the
    # series of atanh: f, which is exact, comes last.
    exponent, small = np.empty(len(x), np.int32), np.empty(len(x), np.bool_)
    return [
        partial(np.frexp, x, m, exponent),
        partial(np.less, m, ROOT_HALF, small),
        partial(np.copyto, s, small),
        partial(np.subtract, exponent, s, e),
        partial(np.multiply, m, s, s),
        partial(np.add, m, s, m),
        partial(np.subtract, m, ONE, m),
        partial(np.add, TWO, m, s),
        partial(np.divide, m, s, s),
        partial(np.multiply, s, s, z),
        *_series(z, ATANH, y),
        partial(np.multiply, m, m, half),
        partial(np.multiply, half, HALF, half),
        partial(np.add, half, y, y),
        partial(np.multiply, s, y, y),
        partial(np.multiply, e, LN2_LOW, z),
        partial(np.add, y, z, y),
        partial(np.subtract, half, y, y),
        partial(np.subtract, y, m, y),
        partial(np.multiply, e, LN2_HIGH, z),
        partial(np.subtract, z, y, y),
        *_where(np.equal, x, 0.0, -inf, y, small),
        *_where(np.equal, x, inf, inf, y, small),
        *_where(np.less, x, 0.0, nan, y, small),
    ]


def _where(compare: Callable[..., Any], x: Array, limit: float, value: float, y: Array, holds: Array) -> Calls:
    return [partial(compare, x, _number(limit), holds), partial(np.copyto, y, _number(value), where=holds)]
