"""Who walks the forests of a plan: numpy, or onnxruntime for those who ask for it. No bit depends on it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .answers import Golden
from .errors import MissingPackage
from .onnx_forests import document, plain
from .runtime.errors import PlanError
from .runtime.plan import Instruction, Plan
from .runtime.program import Engine, Kernel
from .runtime.spread import spread, taken
from .runtime.trees import KIDS, ROOT, add_leaves, forest, forget_unknown

__all__ = ["ENGINES", "check_engine", "engine_of", "seen_by_all"]

Matrix = NDArray[np.float64]
Index = NDArray[np.int32]

ENGINES: Mapping[str, tuple[str, ...]] = MappingProxyType({"numpy": (), "onnxruntime": ("onnx", "onnxruntime")})
"""By name, the packages that each needs beside numpy."""

LEAST = 32
"""From so many rows on onnxruntime is quicker: for each of its trees it takes a microsecond before the first row."""

LEAVES = 131072
"""Numbers of leaves that are held at once, of as many rows as these are: so the nodes of a tree serve many rows while
they are in the cache."""


def check_engine(name: str) -> None:
    """Raises ValueError when there is no such engine, MissingPackage when it is not installed."""
    if name not in ENGINES:
        raise ValueError(f"engine {name!r}: expected {' or '.join(map(repr, ENGINES))}")
    try:
        for package in ENGINES[name]:
            import_module(package)
    except ImportError as error:
        raise MissingPackage(
            f"engine {name!r}: {error}; pip install 'n4akit[onnx]' brings what it needs, or load without an engine: "
            "the answers are the same"
        ) from error


def engine_of(name: str, threads: int) -> Engine | None:
    """The engine of a name that was checked, None for numpy; its threads share the rows."""
    return None if name == "numpy" else partial(_kernels, threads)


def seen_by_all(golden: Golden) -> Golden:
    """The golden rows, repeated until they are enough for any engine."""
    times = -(-LEAST // len(golden.rows))
    rows, faithful, compiled = (np.tile(a, (times, 1)) for a in (golden.rows, golden.faithful, golden.compiled))
    return replace(golden, rows=rows, faithful=faithful, compiled=compiled)


def _kernels(threads: int, plan: Plan, body: Sequence[Instruction]) -> Mapping[str, Kernel]:
    forests = [line for line in body if line.op == "forest" and _is_plain(plan, line)]
    if not forests:
        raise PlanError("engine 'onnxruntime' walks trees, and this model has none for it: load it without an engine")
    return {line.out: partial(_forest, _session(plan, line), threads, groups=line.params["groups"]) for line in forests}


def _is_plain(plan: Plan, line: Instruction) -> bool:
    kids, root = (plan.constants[line.inputs[place]].array for place in (KIDS, ROOT))
    return plain(kids, root)


def _session(plan: Plan, line: Instruction) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # Its own threads share the rows of each tree, and waiting for each other a thousand times takes longer than they
    # save; several of ours may ask one session at once.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    x, *nodes = line.inputs
    feature, threshold, kids, _, root = (plan.constants[name].array for name in nodes)
    model = document(plan.widths[x], feature, threshold[0], kids, root)
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # it has a class for each of its codes: an older one does not know these trees, say
        raise PlanError(f"engine 'onnxruntime' {onnxruntime.__version__} does not take these trees: {error}") from None


def _forest(
    session: Any,
    threads: int,
    out: Matrix,
    scratch: object,
    x: Matrix,
    feature: Index,
    threshold: Matrix,
    kids: Index,
    value: Matrix,
    root: Index,
    groups: Sequence[int],
) -> list[Callable[[], Any]]:
    n = len(out)
    if n < LEAST:
        return forest(out, scratch, x, feature, threshold, kids, value, root, groups)
    pieces = max(-(-n * len(root) // LEAVES), min(threads, 2 * n // LEAST))
    return [partial(_walk, session, threads, out, x, value, groups, -(-n // pieces))]


def _walk(session: Any, threads: int, out: Matrix, x: Matrix, value: Matrix, groups: Sequence[int], rows: int) -> None:
    starts = deque(range(0, len(x), rows))

    def work() -> None:
        with np.errstate(all="ignore"):  # which are a thread's own
            for start in taken(starts):
                part = slice(start, start + rows)
                (leaves,) = session.run(None, {"x": x[part]})
                add_leaves(out[part], leaves, value, groups)

    spread(work, min(threads, len(starts)))
    forget_unknown(out, x)
