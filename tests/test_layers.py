"""Who may import whom: rooms in one direction, modules without cycles, everything at the top of its file."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
MAY: dict[str, set[str]] = {
    # The composition root: it puts the product together from every room, and nothing imports it.
    "serve.cli": {"", "bundle", "bundle.runtime", "serve", "store", "templates"},
    "serve": {"bundle", "bundle.runtime", "templates"},
    "store": {"bundle", "bundle.runtime"},
    "bundle.runtime": set(),
    "bundle": {"bundle.runtime", "templates"},
    "templates": set(),
    "": {"bundle"},
}
STRANGERS = {"bundle.runtime": {"numpy"}, "templates": set[str]()}

FILES = [path for folder in ("bundle", "serve", "store", "templates") for path in (ROOT / folder).rglob("*.py")]
MODULES = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in FILES}
MODULES[""] = ROOT / "__init__.py"
TREES = {module: ast.parse(path.read_text("utf-8")) for module, path in MODULES.items()}


def room(module: str) -> str:
    return next(name for name in MAY if not name or f"{module}.".startswith(f"{name}."))


def ours(module: str, nodes: Iterable[ast.AST]) -> set[str]:
    """The modules of this project that these nodes of a module import."""
    package = module.split(".")[: None if MODULES[module].name == "__init__.py" else -1]
    found = set()
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.level:
            base = ".".join(filter(None, [*package[: len(package) + 1 - node.level], node.module]))
            names = {f"{base}.{alias.name}".lstrip(".") for alias in node.names}
            found |= {name if name in MODULES else base for name in names}
    return found


def strangers(nodes: Iterable[ast.AST]) -> set[str]:
    """What these nodes import by its full name, but for the standard library."""
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    return {name.split(".")[0] for name in names} - sys.stdlib_module_names


IMPORTS = {module: ours(module, ast.walk(tree)) for module, tree in TREES.items()}


def test_rooms_import_in_one_direction() -> None:
    pairs = {(module, other) for module, others in IMPORTS.items() for other in others if room(module) != room(other)}
    assert [f"{a} → {b}" for a, b in sorted(pairs) if room(b) not in MAY[room(a)]] == []
    # The rule sees what it is about.
    assert ("serve.repository", "bundle") in pairs and ("bundle.reader", "bundle.runtime.plan") in pairs


def test_inside_the_package_imports_are_relative_and_some_rooms_need_little() -> None:
    found = {module: strangers(list(ast.walk(tree))) for module, tree in TREES.items()}
    assert [module for module, names in found.items() if "n4akit" in names] == []
    assert [f"{m} → {n}" for m, n in found.items() if not n <= STRANGERS.get(room(m), n)] == []


def test_no_modules_import_each_other() -> None:
    TopologicalSorter(IMPORTS).prepare()


def test_our_own_modules_are_imported_at_the_top() -> None:
    # But for the command line, where a verb pays for what it uses: `n4a verify` loads neither database nor server.
    inner = {
        f"{module}.{function.name} → {name}"
        for module, tree in TREES.items()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and room(module) != "serve.cli"
        for name in ours(module, ast.walk(function))
    }
    assert inner == set()
