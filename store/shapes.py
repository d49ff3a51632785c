"""From recorded steps to the way that a spectrum goes: the chain's own branch, what is merged, and what is stacked.

A step leads to the model when its branch is the model's or one that holds it, or when a later step that leads there
merges its branch. Other branches and other models in line belong to other chains. What is neither is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..bundle.capture import FittedStep, Part
from .errors import Refused
from .side_by_side import Load, augmented, concatenated, on_each, single
from .steps import Recorded

__all__ = ["Shape", "shape"]

Path = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Shape:
    """What a recorded chain does."""

    steps: Sequence[FittedStep]
    """What is done to spectra, in order."""
    on_target: Sequence[FittedStep]
    """What was done to the target before the model was fitted, in order."""
    model: Recorded | None
    """The chain's own model, None where no step tells it."""


def shape(name: str, steps: Sequence[Recorded], model_index: int, own: Path, sources: int, load: Load) -> Shape:
    """The shape of a chain `name` whose model is in the branch `own`, on spectra of so many sources.

    Raises Refused, naming the step and what its record lacks.
    """
    model = _own_model(name, steps, model_index, own)
    before = _nested(step for step in steps[: steps.index(model) if model else None] if not step.trains)
    line = _Line(own, load)
    stacked = model is not None and model.meta
    done = line.predictions(name, before, sources) if stacked else line.features(before, sources)
    target = [node.step for node in before if node.step.role == "y" and _leads(node.step.branch, own)]
    if target and line.stacks:
        raise Refused(
            f"{target[0].where}: it transforms the target of a stack; whether the models below tell the target before "
            "or after it is not said"
        )
    return Shape(done, [each for step in target for each in _on_target(step, load)], model)


def _own_model(name: str, steps: Sequence[Recorded], index: int, own: Path) -> Recorded | None:
    found = [s for s in steps if s.role == "model" and s.index == index and _leads(s.branch, own)]
    if len(found) > 1:
        raise Refused(f"{name}: {len(found)} models are recorded as step {index} in branch {list(own)}, expected one")
    return found[0] if found else None


def _leads(branch: Path, own: Path) -> bool:
    """Whether a branch is `own` or holds it."""
    return own[: len(branch)] == branch


def _on_target(step: Recorded, load: Load) -> list[FittedStep]:
    """Several that were done to the target in a row may be one step."""
    if len(step.artifacts) < 2:
        return [single(step, load)]
    return [single(replace(step, artifacts=(artifact,)), load) for artifact in step.artifacts]


@dataclass(eq=False)
class _Node:
    """A step, and the branches that it merges."""

    step: Recorded
    below: dict[int, list[_Node]] = field(default_factory=dict)
    count: int | None = None
    """How many branches were opened, where a step said so."""


def _nested(steps: Iterator[Recorded]) -> list[_Node]:
    """The steps in order, those of branches within the step that merges them."""
    nodes: list[_Node] = []
    opened: dict[Path, int] = {}
    for step in steps:
        said = step.params.get("branch")
        if said is not None and not step.artifacts:
            if isinstance(said, Mapping | list | tuple):
                opened[step.branch] = len(said)
            continue
        node = _Node(step)
        if "merge" in step.params:
            depth = len(step.branch)
            below = [n for n in nodes if len(n.step.branch) > depth and _leads(step.branch, n.step.branch)]
            nodes = [n for n in nodes if n not in below]
            for inner in below:
                node.below.setdefault(inner.step.branch[depth], []).append(inner)
            node.count = opened.pop(step.branch, None)
        nodes.append(node)
    return nodes


class _Line:
    """The way through one branch."""

    def __init__(self, own: Path, load: Load) -> None:
        self.own, self.load = own, load
        self.stacks = False
        """Whether models were met whose predictions go on."""

    def features(self, nodes: Sequence[_Node], sources: int) -> list[FittedStep]:
        """What these steps do to a spectrum of so many sources; models among them are other chains'."""
        blocks: tuple[int, ...] = tuple(range(sources))
        done = []
        for node in nodes:
            if not self._is_of_line(node.step):
                continue
            if node.step.role == "model" and not node.step.artifacts:
                raise Refused(f"{node.step.where}: it is a model, and none of its artifacts is named")
            if node.step.role == "x":
                made, blocks = self._step(node, blocks)
                done.append(made)
        return done

    def _is_of_line(self, step: Recorded) -> bool:
        """Whether a step leads on. Raises Refused for one further down that nothing merges."""
        if step.branch != self.own and _leads(self.own, step.branch):
            raise Refused(
                f"{step.where}: it is in branch {list(step.branch)}, and the chain in {list(self.own)}; no step that "
                "is recorded merges its branch"
            )
        return _leads(step.branch, self.own)

    def _step(self, node: _Node, blocks: tuple[int, ...]) -> tuple[FittedStep, tuple[int, ...]]:
        if "merge" in node.step.params:
            return self._merged(node, blocks), (0,)
        if "feature_augmentation" in node.step.params:
            return augmented(node.step, self.load, blocks)
        if "concat_transform" in node.step.params:
            return concatenated(node.step, self.load, blocks)
        if len(blocks) > 1:
            return on_each(node.step, self.load, blocks)
        return single(node.step, self.load), blocks

    def predictions(self, name: str, nodes: Sequence[_Node], sources: int) -> list[FittedStep]:
        """What the models in line predict, each from what the steps before it make, side by side."""
        models = [n for n in nodes if n.step.role == "model" and self._is_of_line(n.step)]
        if not models:
            raise Refused(
                f"{name}: the predictions of models are stacked, and none of these models is recorded; name each as a "
                "step of role 'model' with its artifacts"
            )
        self.stacks = True
        parts = [
            Part([*self.features(nodes[: nodes.index(model)], sources), _averaged(model.step, self.load)])
            for model in models
        ]
        return [FittedStep(models[-1].step.index, "Stack", parts=parts, result="block")]

    def _merged(self, node: _Node, blocks: tuple[int, ...]) -> FittedStep:
        step = node.step
        what, taken = _merge(node)
        if len(blocks) > 1:
            raise Refused(f"{step.where}: {len(blocks)} blocks reach its branches; how they divide these is not said")
        parts = []
        for number in taken:
            branch = _Line((*step.branch, number), self.load)
            within = node.below[number]
            if targets := [n.step for n in within if n.step.role == "y"]:
                raise Refused(f"{targets[0].where}: it transforms the target in a branch that is merged; not supported")
            made = branch.features(within, 1) if what == "features" else branch.predictions(step.where, within, 1)
            parts.append(Part(made))
            self.stacks = self.stacks or branch.stacks
        return FittedStep(step.index, step.operator_class, step.params, parts=parts, result="block")


def _averaged(model: Recorded, load: Load) -> FittedStep:
    """What a model below another one predicts: the mean over its folds."""
    if model.meta:
        raise Refused(f"{model.where}: a stack upon a stack is not supported")
    if not model.artifacts:
        raise Refused(f"{model.where}: it is stacked, and none of its artifacts is named; name that of each fold")
    fitted = [load(artifact) for artifact in model.artifacts]
    if any(hasattr(one, "classes_") for one in fitted):
        raise Refused(f"{model.where}: it is stacked and tells classes; as which numbers they go on is not said")
    each = [FittedStep(model.index, model.operator_class, {}, one, "predict") for one in fitted]
    if len(each) == 1:
        return each[0]
    return FittedStep(model.index, model.operator_class, parts=[Part([one]) for one in each], result="mean")


def _merge(node: _Node) -> tuple[str, list[int]]:
    """What is merged, `features` or `predictions`, and of which branches."""
    step, said = node.step, node.step.params["merge"]
    expected = list(range(max(node.below, default=-1) + 1 if node.count is None else node.count))
    if not node.below or sorted(node.below) != expected:
        raise Refused(
            f"{step.where}: steps of branches {sorted(node.below)} are recorded, and it merges {len(expected)}; name "
            "the steps of each"
        )
    what, which = next(iter(said.items())) if isinstance(said, Mapping) and len(said) == 1 else (said, "all")
    taken = expected if which == "all" else which
    if what not in ("features", "predictions") or not isinstance(taken, list) or not set(taken) <= set(expected):
        raise Refused(
            f"{step.where}: merge={said!r:.80}, expected 'features' or 'predictions', or one of these with the numbers "
            f"of branches, below {len(expected)}"
        )
    return what, taken
