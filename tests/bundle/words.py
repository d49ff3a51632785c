"""A program with the words that no chain leads to yet, written by hand, and the chain that stands for it."""

from __future__ import annotations

import numpy as np
from n4akit.bundle.chain import Chain, Step, Target
from n4akit.bundle.lower.program import Program
from n4akit.bundle.operators import SNV
from n4akit.bundle.runtime.plan import Output, Plan

__all__ = ["CHAIN", "program_of_words"]

POINTS = 12
CHAIN = Chain(POINTS, {"0": (Step(1, "words", "made.by.hand", {}, (SNV(),)),)}, (Target("y"),))


def program_of_words() -> Plan:
    """One value from twelve points, through every such word and every way to compute it."""
    program = Program(POINTS)
    parts = [program("map", program("map", "x", f="abs"), f=f) for f in ("floor", "exp", "log")]
    parts.append(program("row", "x", f="sumsq", d=3, parts=4))
    parts.append(program("argmax", "x", parts=2))
    parts.append(program("order", "x", [3.0, 0.5] * 6, f="wmedian"))
    breaks, coef = [0.5, 1.0, 1.0, 2.0, 1.0], [[1.0, 2.0], [0.1, 0.3], [0.7, 1e-3], [5.0, 6.0], [0.1, 0.2]]
    parts.append(program("pieces", "x", breaks, coef, cols=[[3, 0, 4], [7, 4, 1]]))
    forest = {
        "feature": [1, 5, 0, 0, 9],
        "threshold": [1.1, 0.9, 0.0, 0.0, 0.0],
        "kids": [1, 2, 1, 1, 2, 2, 4, 4, 4, 4],
        "value": [[0.1], [0.2], [0.3], [0.4], [0.7]],
        "root": [0, 3],
    }
    parts.append(program("forest", "x", *map(np.array, forest.values()), groups=[1, 1]))
    table = np.linspace(0.5, 3.0, 48).reshape(4, 12) ** 2
    for f, weighting in (("l2", "distance"), ("l1", "uniform"), ("max", "distance")):
        parts.append(program("nearest", program("dist", "x", table, f=f), table, k=3, f=weighting))
    both = program("concat", *parts, [1.0, 2.5])
    folded = program("fold", both, both, d=7, parts=5)
    return program.plan({"value": Output(program("row", folded, f="sum", d=1))})
