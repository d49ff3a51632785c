"""From the faithful program to a short one, by rewrites that keep the mathematics; every machine makes the same bytes.

A program is rewritten until nothing applies:

share   equal lines are computed once
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

import numpy as np

from ..runtime.plan import Plan
from .draft import Draft
from .join import absorb, gather, hoist
from .merge import chain, merge
from .push import push
from .share import share

__all__ = ["compile_plan"]


def compile_plan(plan: Plan) -> Plan:
    """A plan with the same inputs and outputs, equal up to rounding, and never slower.

    Where a table cannot hold the product (a scale near the smallest number, say), only equal lines are shared.
    """
    draft = Draft(plan)
    share(draft)
    shared = draft.plan()
    with np.errstate(all="ignore"):
        while any(rewrite(draft) for rewrite in (push, chain, absorb, merge, gather, hoist)):
            draft.drop_dead()
    share(draft)
    return draft.plan() if draft.finite() else shared
