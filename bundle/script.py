"""Write a model as one Python file that needs nothing but Python: its plan in plain Python, its numbers in base64.

What a person wrote stays as it was written: the instructions are cut from `runtime.stdlib`, the reader of spectra is
`runtime.spectra_csv`, what brings them to the model's points `runtime.alignment`, to its signal `runtime.signals`, the
rest is the frame in `templates`.
Nothing of a chain enters as code: numbers and facts are base64, names are literals that were read back, and registers
have names of our own making.
"""

from __future__ import annotations

import ast
import binascii
import json
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..templates import render
from . import canonical
from .chain import Chain
from .domain import Validation
from .errors import WriteError
from .facts import facts
from .format import MANIFEST
from .runtime import (
    alignment,
    places,
    record,
    settings,
    settings_form,
    signals,
    spectra_csv,
    stdlib,
    verdict,
)
from .runtime.instructions import INSTRUCTIONS
from .runtime.limits import Limits
from .runtime.plan import ASIDE, BESIDE, Constant, Instruction, Plan
from .runtime.program import needed
from .writer import Draft, place, prepare

__all__ = ["script_text", "write_script"]

LINE = 100
"""Characters of base64 in a line."""
SHARED: set[Callable[..., Any]] = {stdlib.total, stdlib.exponential, stdlib.logarithm}
"""What is asked for beside the words of the plan."""
PATIENCE = 600
"""Seconds that a script may take for its golden rows before it is given up."""


def write_script(
    chain: Chain, path: str | os.PathLike[str], *, calibration: Any = None, validation: Validation | None = None
) -> Path:
    """Write a chain as a script at `path`, after a clean Python gave the golden answers with it.

    `calibration` is as for `write_bundle`, and the script carries the digest of the bundle that it would write. Raises
    WriteError when a step is opaque or the script fails its own proof.
    """
    path = Path(path)
    draft = prepare(chain, calibration, validation)
    text = script_text(chain, draft, path.name.removesuffix(".py").removesuffix(".n4a"))
    return place(path, lambda stream: stream.write(text.encode("ascii")), lambda part: _prove(part, draft))


def _prove(part: Path, draft: Draft) -> None:
    # -I -S: nothing of this environment, and no installed package, takes part.
    command = [sys.executable, "-I", "-S", str(part), "--self-test"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        raise WriteError(
            f"the script took more than {PATIENCE} s for its golden rows; it is too slow to be used"
        ) from None
    if done.returncode or not done.stdout.startswith(f"{len(draft.golden.rows)} golden rows"):
        said = (done.stderr or done.stdout).strip().splitlines()
        raise WriteError(
            f"the script failed its own proof and was not put in place: {said[-1] if said else 'it said nothing'}"
        )


def script_text(chain: Chain, draft: Draft, name: str) -> str:
    """The script of a chain whose bundle is `draft`; `name` is what its predictions call the model."""
    plan, golden = draft.compiled, draft.golden
    opaque = [line.params["artifact"] for line in plan.body if line.op == "opaque"]
    if opaque:
        raise WriteError(f"a script cannot carry pickled steps, and this chain has {len(opaque)}; export a bundle")
    program = _Program(plan, _operators(chain))
    bare = [name for name in plan.answers if name not in BESIDE]
    axis = chain.axis
    said = facts(canonical.decode(dict(draft.contents)[MANIFEST]), draft.digest, axis)
    text = render(
        "script.py.txt",
        digest=draft.digest,
        math_import=program.math_import,
        points=str(chain.n_features),
        missing=_literal(plan.inputs[0].missing),
        **_limits(draft.limits, plan),
        targets=_literal([(target.name, target.unit) for target in chain.targets]),
        classes=_literal(None if chain.classes is None else list(chain.classes.labels)),
        name=_literal(name),
        functions=program.functions,
        constants=program.constants,
        source=plan.inputs[0].name,
        program=program.body(bare),
        program_of_all=program.body(plan.answers),
        program_of_residual=program.body([name for name in ASIDE if name in plan.outputs]),
        axis="None" if axis is None else _numbers(axis.values),
        unit=_literal(None if axis is None else axis.unit),
        blocks=_literal(_blocks(chain)),
        golden_rows=_numbers(golden.rows, rows=True),
        golden_values=_numbers(golden.compiled, rows=True),
        info=_base64(json.dumps(said, sort_keys=True).encode("ascii")),
        places=_code_of(places),
        alignment=_code_of(alignment),
        verdict=_code_of(verdict),
        record=_code_of(record),
        settings_form=_code_of(settings_form),
        settings=_code_of(settings),
        signals=_code_of(signals),
        reader=_code_of(spectra_csv),
    )
    ast.parse(text, feature_version=(3, 8))
    text.encode("ascii")
    return text


def _limits(limits: Limits, plan: Plan) -> dict[str, str]:
    """What is usual, as the frame wants it."""
    interval, shape = limits.interval, limits.envelope
    usual = "None"
    if shape is not None:
        ends = f"{_numbers(shape.low)}, {_numbers(shape.high)}"
        usual = f"Usual({ends}, {_literal(shape.middle)}, {_literal(shape.span)}, {shape.stretch})"
    return {
        "places_of": _literal({name: (place.start, place.stop) for name, place in plan.columns.items()}),
        "limits": _literal(limits.distances),
        "ranges": _literal(limits.ranges),
        "half_widths": _literal(None if interval is None else interval.half_widths),
        "coverage": _literal(None if interval is None else interval.coverage),
        "usual": usual,
    }


def _blocks(chain: Chain) -> list[tuple[str | None, int]]:
    """What the values of so many columns are, one source after the other; one block where it is the same of all."""
    found = [(source.signal or chain.signal, source.width) for source in chain.sources]
    if len({signal for signal, _ in found}) > 1:
        return found
    return [(found[0][0] if found else chain.signal, chain.n_features)]


def _operators(chain: Chain) -> dict[int, str]:
    """What each step does, in words of our own."""
    steps = (step for branch in chain.branches.values() for step in branch)
    return {step.index: " + ".join(type(operator).__name__ for operator in step.operators) for step in steps}


class _Program:
    """A plan as text."""

    def __init__(self, plan: Plan, operators: dict[int, str]) -> None:
        _check_names(plan)
        self._plan = plan
        self._operators = operators
        self._tables = {
            name for line in plan.body for slot, name in zip(_slots(line), line.inputs, strict=True) if slot == "table"
        }
        self.functions, self.math_import = _slices({INSTRUCTIONS[line.op].twin for line in plan.body} | SHARED)
        self.constants = "\n".join(f"{name} = {self._constant(name, c)}" for name, c in plan.constants.items())

    def body(self, names: Sequence[str]) -> str:
        """What computes these outputs, side by side."""
        registers = [self._plan.outputs[name].register for name in names]
        return "\n".join(
            [*self._lines(needed(self._plan.body, registers)), f"    return {' + '.join(registers) or '[]'}"]
        )

    def _constant(self, name: str, constant: Constant) -> str:
        return _numbers(constant.array, rows=name in self._tables)

    def _lines(self, lines: Iterable[Instruction]) -> Iterable[str]:
        step = None
        for line in lines:
            if line.step != step and line.step is not None:
                yield f"    # step {line.step}: {self._operators[line.step]}"
            step = line.step
            yield f"    {line.out} = {self._call(line)}"

    def _call(self, line: Instruction) -> str:
        operands = [
            # A table that is also read as a row: its first row is all of it.
            f"{name}[0]" if name in self._tables and slot != "table" else name
            for slot, name in zip(_slots(line), line.inputs, strict=True)
        ]
        entry = INSTRUCTIONS[line.op]
        said = [param.name for param in entry.params if param.name in line.params]
        params = [f"{name}={_literal(_plain(line.params[name]))}" for name in said]
        return f"{entry.twin.__name__}({', '.join(operands + params)})"


def _slots(line: Instruction) -> tuple[str, ...]:
    return INSTRUCTIONS[line.op].slots_of(len(line.inputs))


def _check_names(plan: Plan) -> None:
    names = [source.name for source in plan.inputs] + list(plan.constants) + [line.out for line in plan.body]
    for name in names:
        if not re.fullmatch(r"[kx][0-9]*", name):
            raise WriteError(f"register {name!r:.40}: a script names registers x, x1, x2, … and constants k0, k1, …")


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _slices(twins: Iterable[Callable[..., Any]]) -> tuple[str, str]:
    """The text of these functions of `stdlib` and of all they call, and the import of what they need of `math`."""
    tree, source = _parsed(stdlib)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    from_math = {alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    wanted, open_ = set(), {twin.__name__ for twin in twins}
    needed: set[str] = {"sqrt", "inf"}  # of what is told
    while open_:
        name = open_.pop()
        wanted.add(name)
        used = {node.id for node in ast.walk(functions[name]) if isinstance(node, ast.Name)}
        open_ |= (used & functions.keys()) - wanted
        needed |= used & from_math
    lines = source.splitlines()
    texts = ["\n".join(lines[node.lineno - 1 : node.end_lineno]) for name, node in functions.items() if name in wanted]
    return "\n\n\n".join(texts), f"from math import {', '.join(sorted(needed))}" if needed else ""


def _code_of(module: Any) -> str:
    """The text of a module from its first class or function to its end."""
    tree, source = _parsed(module)
    first = next(node for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef))
    return "\n".join(source.splitlines()[first.lineno - 1 :])


def _parsed(module: Any) -> tuple[ast.Module, str]:
    source = Path(module.__file__).read_text("utf-8")
    return ast.parse(source), source


def _literal(value: Any) -> str:
    """Python that says `value`, in ASCII, and reads back as it."""
    text = ascii(value)
    if ast.literal_eval(text) != value:
        raise WriteError(f"{value!r:.60} cannot be written as a literal")
    return text


def _numbers(values: NDArray[Any], *, rows: bool = False) -> str:
    """A call of `numbers`, the frame's function, that gives these values back."""
    kind = "i" if values.dtype.kind == "i" else "d"
    data = np.ascontiguousarray(values, "<i4" if kind == "i" else "<f8").tobytes()
    options = ["kind='i'"] * (kind == "i") + [f"width={values.shape[-1]}"] * rows
    return f"numbers({', '.join([f'0x{binascii.crc32(data):08x}', _base64(data), *options])})"


def _base64(data: bytes) -> str:
    text = binascii.b2a_base64(data, newline=False).decode("ascii")
    if len(text) <= LINE:
        return f'"{text}"'
    return '"""\n' + "\n".join(textwrap.wrap(text, LINE)) + '\n"""'
