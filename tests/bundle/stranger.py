"""A reader made from FORMAT.md alone: the standard library, and the plain Python twins of the instructions."""

from __future__ import annotations

import hashlib
import json
import math
import re
import struct
import zipfile
from pathlib import Path
from typing import Any

from n4akit.bundle.runtime import stdlib

__all__ = ["Stranger"]

Row = list[float]
FIXED = ("op", "in", "out", "step", "fold")


class Stranger:
    """An exact bundle, read and run without numpy."""

    def __init__(self, path: Path) -> None:
        with zipfile.ZipFile(path) as file:
            self.members = {name: file.read(name) for name in file.namelist()}
        first, *rest, last = self.members
        assert (first, last) == ("manifest.json", "golden.json")
        self.digest = hashlib.sha256(self.members[first]).hexdigest()
        self.manifest = json.loads(self.members[first])
        artifacts = self.manifest["artifacts"]
        assert rest == sorted(entry["member"] for entry in artifacts.values())
        for digest, entry in artifacts.items():
            data = self.members[entry["member"]]
            assert hashlib.sha256(data).hexdigest() == digest == entry["sha256"] and len(data) == entry["size"]
        assert hashlib.sha256(self.members[last]).hexdigest() == self.manifest["golden"]["sha256"]
        self.answers = {
            kind: [[float.fromhex(value) for value in row] for row in rows]
            for kind, rows in json.loads(self.members[last]).items()
        }

    def array(self, digest: str) -> list[Any]:
        """An array of one axis as a list, of two as a list of rows."""
        data = self.members[self.manifest["artifacts"][digest]["member"]]
        assert data[:10] == b"\x93NUMPY\x01\x00\x76\x00" and data[127:128] == b"\n"
        found = re.fullmatch(
            r"\{'descr': '(<f8|<i4)', 'fortran_order': False, 'shape': \((\d+),(?: (\d+))?\), \} *\n",
            data[10:128].decode("ascii"),
        )
        assert found
        type_, *shape = (part for part in found.groups() if part is not None)
        sizes = [int(size) for size in shape]
        values = list(struct.unpack(f"<{math.prod(sizes)}{'d' if type_ == '<f8' else 'i'}", data[128:]))
        if len(sizes) == 1:
            return values
        return [values[start : start + sizes[1]] for start in range(0, len(values), sizes[1])]

    def golden_rows(self) -> list[Row]:
        return self.array(self.manifest["golden"]["rows"])

    def predict(self, kind: str, spectrum: Row) -> Row:
        """The answers of a plan for one spectrum: the columns of `value`, then those of the others by name."""
        plan = self.manifest["plans"][kind]
        registers = {plan["inputs"][0]["name"]: spectrum}
        constants = {name: self._constant(entry) for name, entry in plan["consts"].items()}
        for line in plan["body"]:
            # Two words are Python's own, and one is taken: their twins end in an underscore.
            twin = getattr(stdlib, line["op"] + "_" * (line["op"] in ("max", "min", "map")))
            operands = [
                registers[name] if name in registers else _operand(constants[name], line["op"], place)
                for place, name in enumerate(line["in"])
            ]
            params = {key: value for key, value in line.items() if key not in FIXED}
            registers[line["out"]] = twin(*operands, **params)
        others = sorted(name for name in plan["outputs"] if name not in ("value", "residual"))
        return [value for name in ("value", *others) for value in registers[plan["outputs"][name]["from"]]]

    def converted(self, spectrum: Row, signal: str) -> Row:
        """A spectrum that is declared to be of a signal, by the name that the manifest would have, in the model's."""
        own, ln_10 = self.manifest["signal"], float.fromhex("0x1.26bb1bbb55516p+1")
        if signal == own:
            return spectrum
        if signal.startswith("percent"):
            spectrum = [value / 100.0 for value in spectrum]
        if signal == "absorbance":
            spectrum = [stdlib.exponential(value * -ln_10) for value in spectrum]
        if own == "absorbance":
            spectrum = [stdlib.logarithm(value) / -ln_10 for value in spectrum]
        return [value * 100.0 for value in spectrum] if own.startswith("percent") else spectrum

    def _constant(self, entry: dict[str, Any]) -> list[Any]:
        if "array" in entry:
            return self.array(entry["array"])
        values = [float.fromhex(value) for value in entry["hex"]]
        columns = entry["shape"][1]
        return [values[start : start + columns] for start in range(0, len(values), columns)]


TABLES = {"banded": 1, "matmul": 1, "pieces": 2, "forest": 4, "dist": 1, "nearest": 1}
"""Where a table stands among the operands."""


def _operand(constant: list[Any], op: str, place: int) -> list[Any]:
    """A table is its rows, an index its numbers; elsewhere stands a constant of one row, as that row."""
    return constant if TABLES.get(op) == place or type(constant[0]) is int else constant[0]
