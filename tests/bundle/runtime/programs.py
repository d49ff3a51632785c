"""Random valid programs and rows, drawn from the declarative entries with nothing but a `random.Random`.

Hypothesis hands in one that it can shrink; an interpreter without hypothesis seeds one. Values come from the raw stream
of a bit generator, which is the same for every numpy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

import numpy as np
from n4akit.bundle.runtime import Constant, Input, Instruction, Output, Plan
from n4akit.bundle.runtime.entry import Entry, Param
from n4akit.bundle.runtime.instructions import INSTRUCTIONS
from n4akit.bundle.runtime.values import Within
from numpy.typing import NDArray

__all__ = [
    "FINITE",
    "KINDS",
    "TWINS",
    "WORDS",
    "bits",
    "draw_lines",
    "draw_plan",
    "draw_present",
    "draw_rows",
    "replay_row",
]

Matrix = NDArray[np.float64]

WORDS = tuple(word for word in INSTRUCTIONS if word != "opaque")
WIDE = (129, 1000, 8193, 9000)
FINITE = ("plain", "scales", "constant", "zeros", "ties", "denormal", "tiny", "huge", "spike")
KINDS = (*FINITE, "special")


def draw_values(rng: Random, kind: str, count: int) -> NDArray[np.float64]:
    """`count` floats of one kind."""
    raw = np.random.PCG64(rng.getrandbits(32)).random_raw(count)
    small = (raw & np.uint64(127)).astype(np.int64)
    plain = (raw >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1.0
    if kind == "scales":
        return np.ldexp(plain, small - 64)
    if kind == "constant":
        return np.full(count, plain[0])
    if kind == "zeros":
        return np.where(small < 64, 0.0, -0.0)
    if kind == "ties":
        return (small % 5 - 2).astype(np.float64)
    if kind == "denormal":
        return np.asarray((small - 64) * 5e-324, np.float64)
    if kind in ("tiny", "huge"):
        return plain * (1e-300 if kind == "tiny" else 1e150)
    if kind == "spike":
        return np.where(np.arange(count) == small[0] % count, 1e3, -0.0)
    if kind == "special":
        return np.select([small < 4, small < 8, small < 12], [np.nan, np.inf, -np.inf], plain)
    return plain


def draw_rows(rng: Random, n: int, width: int, kinds: Sequence[str] = KINDS) -> Matrix:
    """An (n, width) matrix; each row is of its own kind."""
    return np.stack([draw_values(rng, rng.choice(kinds), width) for _ in range(n)])


def draw_present(rng: Random, X: Matrix) -> NDArray[Any]:
    """`X` as people hand it in: another dtype (its values follow), byte order, memory layout or alignment."""
    dtype = np.dtype(rng.choice(("f8", "f8", "f8", "f4", "f2", "i2", "i4", "i8", "u1")))
    with np.errstate(all="ignore"):
        if dtype.kind == "f":
            array = X.astype(dtype)
        else:
            array = np.clip(np.nan_to_num(X) * 100.0, 0 if dtype.kind == "u" else -128, 127).astype(dtype)
    n, width = array.shape
    layout = rng.choice(("C", "F", "columns", "reversed", "transposed", "unaligned", "swapped", "read-only"))
    if layout == "F":
        return np.asfortranarray(array)
    if layout == "columns":
        return np.repeat(np.repeat(array, 3, axis=1), 2, axis=0)[::2, 1::3]
    if layout == "reversed":
        return array[::-1, ::-1].copy()[::-1, ::-1]
    if layout == "transposed":
        return array.T.copy().T
    if layout == "unaligned":
        return np.frombuffer(b"." + array.tobytes(), dtype, offset=1).reshape(n, width)
    if layout == "swapped":
        return array.astype(dtype.newbyteorder())
    if layout == "read-only":
        array.setflags(write=False)
    return array


def draw_plan(rng: Random) -> Plan:
    """A program of 3 to 15 lines; every register is an output, so that every line runs and is seen."""
    width = rng.choice(WIDE) if rng.randrange(6) == 0 else rng.randint(1, 40)
    drawing = _Drawing(rng, width)
    for _ in range(rng.randint(3, 15)):
        drawing.line(rng.choice(WORDS))
    return drawing.plan()


def draw_lines(rng: Random, word: str, width: int) -> Plan:
    """A program that ends with one instruction on the spectra and on multiples of them."""
    drawing = _Drawing(rng, width)
    for _ in range(rng.randint(0, 3)):
        drawing.line("mul")
    drawing.line(word)
    return drawing.plan()


class _Drawing:
    def __init__(self, rng: Random, width: int) -> None:
        self.rng = rng
        self.inputs = (Input("x", width),)
        self.widths = {"x": width}
        self.constants: dict[str, Constant] = {}
        self.body: list[Instruction] = []

    def plan(self) -> Plan:
        outputs = {name: Output(name) for name in self.widths if name != "x"}
        return Plan(self.inputs, self.constants, tuple(self.body), outputs)

    def line(self, word: str) -> None:
        entry = INSTRUCTIONS[word]
        while True:
            names, constants, shapes, params = self._tables(word) if word in TABLES else self._operands(entry)
            try:
                width = entry.width(shapes, params)
            except ValueError:
                continue
            break
        out = f"x{len(self.body) + 1}"
        self.constants.update(constants)
        self.widths[out] = width
        self.body.append(Instruction(word, tuple(names), out, params))

    def _operands(self, entry: Entry) -> tuple[list[str], dict[str, Constant], list[tuple[int, ...]], dict[str, Any]]:
        first = self.rng.choice(list(self.widths))
        width = self.widths[first]
        names, constants = [first], dict[str, Constant]()
        shapes: list[tuple[int, ...]] = [(1, width)]
        params = {param.name: self.rng.choice(param.choices) for param in entry.params if param.choices}
        for place, slot in list(enumerate(entry.slots_of(self.rng.randint(1, 4))))[1:]:
            name = f"k{len(self.constants) + len(constants)}"
            fitting = [r for r, w in self.widths.items() if w == width or (w == 1 and slot == "row")]
            if slot == "register" or (slot == "row" and self.rng.random() < 0.5):
                name = self.rng.choice(fitting)
                shapes.append((1, self.widths[name]))
            else:
                constants[name] = self._constant(slot, width, *self._bounds(entry, place, width, params))
                shapes.append(constants[name].shape)
            names.append(name)
        if entry.slots == ("row", "row") and self.rng.randrange(4) == 0:
            names.reverse()
            shapes.reverse()
        params |= {param.name: self._param(param, shapes) for param in entry.params if param.name not in params}
        return names, constants, shapes, entry.said(params)

    def _tables(self, word: str) -> tuple[list[str], dict[str, Constant], list[tuple[int, ...]], dict[str, Any]]:
        first = self.rng.choice(list(self.widths))
        tables, params = TABLES[word](self.rng, self.widths[first])
        constants = {f"k{len(self.constants) + i}": Constant.of(values) for i, values in enumerate(tables)}
        shapes = [(1, self.widths[first]), *(constant.shape for constant in constants.values())]
        return [first, *constants], constants, shapes, params

    def _bounds(self, entry: Entry, place: int, width: int, params: Mapping[str, Any]) -> tuple[float, float]:
        for rule in entry.values:
            if isinstance(rule, Within) and rule.operand == place:
                return rule.bounds([(1, width)], params)
        return 0.0, 1.0

    def _constant(self, slot: str, width: int, least: float, largest: float) -> Constant:
        rng = self.rng
        if slot == "index":
            return Constant.of([rng.randint(int(least), int(largest)) for _ in range(rng.randint(1, 12))])
        if slot == "vector":
            count = rng.choice((width, rng.randint(1, 5)))
            return Constant.of([rng.choice((least, largest, 0.5, 0.25, rng.random())) for _ in range(count)])
        if slot == "table":
            shape = rng.randint(1, 4), rng.choice((width, rng.randint(1, min(width, 9))))
        else:
            shape = 1, rng.choice((1, width))
            if shape == (1, 1) and rng.randrange(8) == 0:
                return Constant.of(np.nan)
        return Constant.of(draw_values(rng, rng.choice(FINITE), shape[0] * shape[1]).reshape(shape))

    def _param(self, param: Param, shapes: Sequence[tuple[int, ...]]) -> Any:
        if param.name == "parts":
            width = shapes[0][-1]
            return self.rng.choice([1, *(parts for parts in range(1, min(width, 60) + 1) if width % parts == 0)])
        if param.least is not None:
            return max(param.least, self.rng.choice((1, 1, shapes[0][-1], self.rng.randint(1, 2**31))))
        (_, width), (rows, taps) = shapes
        runs = []
        for _ in range(self.rng.randint(1, 4)):
            room = max(0, width - taps)
            start, stride = self.rng.randint(0, room), self.rng.randint(1, 3)
            count = self.rng.choice((1, self.rng.randint(1, 1 + (room - start) // stride)))
            runs.append([count, start, stride, self.rng.randrange(rows)])
        return runs


Tables = tuple[list[Any], dict[str, Any]]
"""The constants and parameters of a line whose tables must go together."""


def _pieces(rng: Random, width: int) -> Tables:
    cols: list[list[int]] = []
    breaks: list[float] = []
    for _ in range(rng.randint(1, 5)):
        count = rng.randint(1, 9)
        cols.append([rng.randrange(width), len(breaks), count])
        breaks += sorted(draw_values(rng, rng.choice(FINITE), count).tolist())
    coef = draw_values(rng, rng.choice(FINITE), 4 * len(breaks)).reshape(len(breaks), 4)
    return [breaks, coef[:, : rng.randint(1, 4)]], {"cols": cols}


def _forest(rng: Random, width: int) -> Tables:
    groups = [rng.choice((1, rng.randint(1, 4))) for _ in range(rng.randint(1, 4))]
    kids: list[int] = []
    root: list[int] = []
    for _ in range(sum(groups)):
        root.append(len(kids) // 2)
        kids += _tree(rng, root[-1])
    nodes = len(kids) // 2
    threshold = draw_values(rng, rng.choice(FINITE), nodes)
    value = draw_values(rng, rng.choice(FINITE), 3 * nodes).reshape(nodes, 3)[:, : rng.randint(1, 3)]
    feature = [rng.randrange(width) for _ in range(nodes)]
    return [feature, threshold, kids, value, root], {"groups": groups}


def _tree(rng: Random, root: int) -> list[int]:
    """The kids of the nodes of a tree that begins at `root`: each new node grows on a leaf."""
    kids = [[root, root]]
    for _ in range(rng.randint(0, 6)):
        leaf = rng.choice([i for i, pair in enumerate(kids) if pair[0] == root + i])
        kids[leaf] = [root + len(kids), root + len(kids) + 1]
        rng.shuffle(kids[leaf])
        kids += [[root + len(kids)] * 2, [root + len(kids) + 1] * 2]
    return [kid for pair in kids for kid in pair]


def _nearest(rng: Random, width: int) -> Tables:
    values = draw_values(rng, rng.choice(FINITE), 3 * width).reshape(width, 3)[:, : rng.randint(1, 3)]
    return [values], {"k": rng.randint(1, min(width, 9)), "f": rng.choice(("uniform", "distance"))}


TABLES: Mapping[str, Callable[[Random, int], Tables]] = {"pieces": _pieces, "forest": _forest, "nearest": _nearest}

TWINS: Mapping[str, Callable[..., list[float]]] = {word: INSTRUCTIONS[word].twin for word in WORDS}


def replay_row(
    plan: Plan, row: list[float], words: Mapping[str, Callable[..., list[float]]] = TWINS
) -> dict[str, list[float]]:
    """Every output of a plan for one row, by the plain Python twins or other `words` of that shape."""
    registers = {plan.inputs[0].name: row}
    for line in plan.body:
        entry = INSTRUCTIONS[line.op]
        slots = entry.slots_of(len(line.inputs))
        operands = [
            registers[name] if name in registers else plain(plan.constants[name], slot)
            for slot, name in zip(slots, line.inputs, strict=True)
        ]
        registers[line.out] = words[line.op](*operands, **line.params)
    return {name: registers[output.register] for name, output in plan.outputs.items()}


def plain(constant: Constant, slot: str) -> list[Any]:
    """A constant as plain Python: a list of rows for a table, else one list."""
    values: list[Any] = constant.array.tolist()
    return values if slot in ("table", "index") else values[0]


def bits(values: Any) -> list[int]:
    """The 64 bits of each value, every NaN as one."""
    array = np.array(values, dtype=np.float64).reshape(-1)
    array[np.isnan(array)] = np.nan
    return array.view(np.int64).tolist()
