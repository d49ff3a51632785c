"""Missing values: which results may hold NaN because the spectra may, and that no instruction loses one.

NaN goes through arithmetic, sums and trees up to an answer, which every host refuses. Comparisons alone would lose it:
so what may be missing is compared with nothing but itself, which tells whether it is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from .values import Params

__all__ = ["Missing", "compared", "first", "nowhere", "passed"]

Missing = AbstractSet[str]
"""The registers that may hold NaN because a value of the spectra may be missing."""


def passed(inputs: Sequence[str], params: Params, missing: Missing) -> bool:
    """NaN in any operand is NaN in the result."""
    return True


def compared(inputs: Sequence[str], params: Params, missing: Missing) -> bool:
    """Of (a, b, x, y): asked whether a is a itself, x is only taken where a is there."""
    a, b, x, y = inputs
    if a not in missing and b not in missing:
        return x in missing or y in missing
    if a != b or params["f"] != "eq":
        raise ValueError(
            f"{(a if a in missing else b)!r} may be missing (NaN), and a comparison would not show it; "
            "expected to be compared with itself, by eq"
        )
    return y in missing or (x in missing and x != a)


def first(inputs: Sequence[str], params: Params, missing: Missing) -> bool:
    """NaN stays where it is the first operand, and is lost where it is the second."""
    if inputs[1] in missing:
        raise ValueError(f"{inputs[1]!r} may be missing (NaN), which is lost here; expected as the first operand")
    return True


def nowhere(inputs: Sequence[str], params: Params, missing: Missing) -> bool:
    """Nobody knows what a pickled step makes of NaN."""
    raise ValueError(f"{inputs[0]!r} may be missing (NaN), and what a pickled step makes of that is not known")
