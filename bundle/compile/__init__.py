"""From the faithful program to a short one, by rewrites that keep the mathematics; every machine makes the same bytes.

A program is rewritten until nothing applies:

share   equal lines are computed once
energy  the squares of scaled and shifted rows are those of the rows before, and a product
push    what comes before a `matmul` moves into its table, or behind it when it scales rows
chain   two constants added one after the other become one
absorb  a factor after a `matmul` moves into its table
merge   the mean of linear branches becomes one branch with mean constants
gather  the mean of branches that end alike is taken of one register that holds them side by side
hoist   equal instructions on registers that stand side by side become one instruction on all of them

All arithmetic is elementwise or the one sum, never BLAS. A register is only rewritten away when every reader of it is
rewritten too, so that no line is computed twice. Row centring is never pushed: the centred row is needed for the
spread anyway, and the difference of two large sums would lose digits.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..runtime.plan import Plan
from .draft import Draft
from .energy import energy
from .join import absorb, gather, hoist
from .merge import chain, merge
from .push import push
from .share import joined, share, share_lines

__all__ = ["compile_plan"]


APART = (("spread",), ("t2", "q"), ("residual",))
"""Outputs that are told beside the answer, those together that are made of the same registers."""


def compile_plan(plan: Plan) -> Plan:
    """A plan with the same inputs and outputs, equal up to rounding, and never slower.

    What is told beside the answer is compiled by itself, and shares the lines that are equal: the bits of the answer
    and the time it takes do not depend on what else is told. Where a table cannot hold the product (a scale near the
    smallest number, say), only equal lines are shared.
    """
    aside = [part for names in APART if (part := [name for name in names if name in plan.outputs])]
    answer = [name for name in plan.outputs if not any(name in part for part in aside)]
    return joined([_compiled(replace(plan, outputs={n: plan.outputs[n] for n in part})) for part in [answer, *aside]])


def _compiled(plan: Plan) -> Plan:
    draft = Draft(plan)
    share(draft)
    shared = draft.plan()
    with np.errstate(all="ignore"):
        while any(rewrite(draft) for rewrite in (energy, push, chain, absorb, merge, gather, hoist)):
            draft.drop_dead()
            share_lines(draft)  # what was read side by side twice is read once
    share(draft)
    return draft.plan() if draft.finite() else shared
