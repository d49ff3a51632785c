"""How many words the zoo of estimators needs, and how long a word is in numpy and in plain Python.

Run: python -m tests.benchmarks.words
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from n4akit.bundle import transformers
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.compile import compile_plan
from n4akit.bundle.errors import CaptureError
from n4akit.bundle.lower import lower
from n4akit.bundle.runtime.instructions import INSTRUCTIONS
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from ..bundle.zoo import TARGETS, ZOO, X, available

RUNTIME = "n4akit.bundle.runtime"


def spoken() -> tuple[Counter[str], int]:
    """For each word how many models it serves, faithful or compiled, and how many models were read."""
    words: Counter[str] = Counter()
    read = 0
    for model in models():
        try:
            plan = lower(from_sklearn(model, n_features=X.shape[1]))
        except CaptureError:
            continue
        read += 1
        words.update({line.op for each in (plan, compile_plan(plan)) for line in each.body})
    return words, read


def models() -> Iterator[Any]:
    """All of the zoo, and each of our own transformers before a regression."""
    for name in available():
        yield ZOO[name].fit()
    for name in transformers.__all__:
        points = [[*range(X.shape[1])], [0.5, 3.5]] if name == "Resampling" else []
        yield make_pipeline(getattr(transformers, name)(*points), Ridge()).fit(X, TARGETS["one target"])


def reached(function: Any, found: dict[str, Any]) -> dict[str, Any]:
    """The function and all functions of the runtime that it leads to, by name."""
    name = f"{function.__module__}.{function.__qualname__}"
    if name not in found:
        found[name] = function
        for called in _called(function):
            reached(called, found)
    return found


def lines(functions: Iterable[Any]) -> int:
    """On how many lines they have code: comments and docstrings are none."""
    return sum(len({node.lineno for node in _code(each)}) for each in functions)


def _called(function: Any) -> Iterator[Any]:
    """The functions of the runtime that are named in this one, directly or in a table."""
    known = inspect.unwrap(function).__globals__
    for node in ast.walk(_tree(function)):
        value = known.get(node.id) if isinstance(node, ast.Name) else None
        for each in value.values() if isinstance(value, dict) else (value,):
            if inspect.isroutine(each) and (each.__module__ or "").startswith(RUNTIME):
                yield each


def _tree(function: Any) -> ast.Module:
    return ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))


def _code(function: Any) -> Iterator[Any]:
    tree = _tree(function)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None:
            del node.body[0]
    return (node for node in ast.walk(tree) if hasattr(node, "lineno"))


def main() -> None:
    words, read = spoken()
    print(f"{len(words)} of {len(INSTRUCTIONS)} words are enough for {read} models.\n")
    print("| word | models that need it | lines in numpy | lines in plain Python |")
    print("|---|---|---|---|")
    kernels: dict[str, Any] = {}
    twins: dict[str, Any] = {}
    for word, entry in sorted(INSTRUCTIONS.items(), key=lambda pair: -words[pair[0]]):
        both = [lines(reached(function, {}).values()) for function in (entry.kernel, entry.twin)]
        print(f"| {word} | {words[word]} | {both[0]} | {both[1]} |")
        reached(entry.kernel, kernels)
        reached(entry.twin, twins)
    print(f"| all, what they share counted once | {read} | {lines(kernels.values())} | {lines(twins.values())} |")


if __name__ == "__main__":
    main()
