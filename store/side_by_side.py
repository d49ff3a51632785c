"""Steps of several transformers at once: what is done with each block of columns, by whose artifact.

A block is what one source, or one of several transformers, gives; a spectrum of one source is one block. Blocks of a
source stay together, in the order in which they came to be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..bundle.capture import FittedStep, Part
from .errors import Refused
from .steps import Recorded, plain

__all__ = ["Load", "augmented", "concatenated", "on_each", "single"]

Load = Callable[[str], Any]
"""From the identifier of an artifact to the fitted object."""

Blocks = tuple[int, ...]
"""The source of each block."""

ACTIONS = ("add", "extend", "replace")


def single(step: Recorded, load: Load, method: str = "transform") -> FittedStep:
    """A step of one object, or of a class and its parameters alone."""
    if len(step.artifacts) > 1:
        raise Refused(
            f"{step.where}: {len(step.artifacts)} artifacts are named, expected one; which is to be used is not said"
        )
    if step.artifacts:
        return FittedStep(step.index, step.operator_class, step.params, load(step.artifacts[0]), method)
    if not step.stateless:
        raise Refused(f"{step.where}: it was fitted, and no artifact of it is named; the chain cannot be replayed")
    operator_class, params = _spelled(step.operator_class, step.params)
    return FittedStep(step.index, operator_class, params, None, method)


def _spelled(operator_class: str, params: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Class and parameters; nirs4all writes both into the parameters."""
    if isinstance(params.get("class"), str) and set(params) <= {"class", "params"}:
        return params["class"], params.get("params") or {}
    return operator_class, params


def on_each(step: Recorded, load: Load, blocks: Blocks) -> tuple[FittedStep, Blocks]:
    """A plain step where several blocks reach it: an artifact for each, or one that was fitted on all of them."""
    if step.sources is None and len(step.artifacts) == 1:
        whole = single(step, load)
        if not hasattr(whole.fitted, "n_features_in_"):
            raise Refused(f"{step.where}: one artifact is named, and {len(blocks)} blocks reach it; name one for each")
        return whole, (blocks[0],)
    if step.sources is None and len(step.artifacts) != len(blocks):
        raise Refused(
            f"{step.where}: {len(step.artifacts)} artifacts are named, and {len(blocks)} blocks reach it; expected one "
            "for each, or the sources that it works on"
        )
    if step.artifacts:
        given = _by_block(step, blocks)
        parts = [Part([_leaf(step, load, given[b])] if b in given else [], b) for b in range(len(blocks))]
    else:
        parts = [
            Part([single(step, load)] if source in (step.sources or ()) else [], b) for b, source in enumerate(blocks)
        ]
    return FittedStep(step.index, step.operator_class, step.params, parts=parts), blocks


def _by_block(step: Recorded, blocks: Blocks) -> dict[int, str]:
    """The artifact of each block that a step works on."""
    if step.sources is None:
        return dict(enumerate(step.artifacts))
    given: dict[int, str] = {}
    for source in dict.fromkeys(step.sources):
        own = [a for a, s in zip(step.artifacts, step.sources, strict=True) if s == source]
        there = [block for block, of in enumerate(blocks) if of == source]
        if len(own) != len(there):
            raise Refused(
                f"{step.where}: {len(own)} artifacts are named for source {source}, of which {len(there)} blocks reach "
                "it; expected one for each"
            )
        given |= dict(zip(there, own, strict=True))
    return given


def _leaf(step: Recorded, load: Load, artifact: str) -> FittedStep:
    return FittedStep(step.index, step.operator_class, step.params, load(artifact))


def augmented(step: Recorded, load: Load, blocks: Blocks) -> tuple[FittedStep, Blocks]:
    """`feature_augmentation`: every transformer on every block, `extend` on the first of each source alone.

    What was there stays in front, unless it is replaced. Artifacts are those of the first transformer, for every block
    it works on, then those of the second, and so on.
    """
    action = step.params.get("action", "add")
    if action not in ACTIONS:
        raise Refused(f"{step.where}: action={action!r}, expected one of {', '.join(ACTIONS)}")
    base = [b for b, source in enumerate(blocks) if action != "extend" or source not in blocks[:b]]
    chains = _chains(step, _transformers(step, step.params["feature_augmentation"]), load, base)
    parts: list[Part] = []
    sources: list[int] = []
    for source in dict.fromkeys(blocks):
        own = [b for b in range(len(blocks)) if blocks[b] == source]
        kept = [] if action == "replace" and chains else [Part((), b) for b in own]
        parts += kept + [Part(chain[b], b) for chain in chains for b in own if b in chain]
        sources += [source] * (len(parts) - len(sources))
    return FittedStep(step.index, step.operator_class, step.params, parts=parts), tuple(sources)


def concatenated(step: Recorded, load: Load, blocks: Blocks) -> tuple[FittedStep, Blocks]:
    """`concat_transform`: the results of several transformers side by side, in the place of what was there."""
    if len(blocks) > 1:
        raise Refused(f"{step.where}: {len(blocks)} blocks reach it; in which order its artifacts are is not said")
    said = step.params["concat_transform"]
    transformers = _transformers(step, said.get("operations") if isinstance(said, Mapping) else said)
    chains = _chains(step, transformers, load, [0])
    parts = [Part(chain[0], 0) for chain in chains]
    return FittedStep(step.index, step.operator_class, step.params, parts=parts, result="block"), blocks


def _chains(
    step: Recorded, transformers: Sequence[Sequence[Any]], load: Load, base: Sequence[int]
) -> list[dict[int, list[FittedStep]]]:
    """For each transformer (several in a row are one) what it does with each block that it works on."""
    names = [_named(step, one) for chain in transformers for one in chain]
    if len(step.artifacts) != len(names) * len(base) and (step.artifacts or not step.stateless):
        raise Refused(
            f"{step.where}: {len(step.artifacts)} artifacts are named, expected {len(names) * len(base)}: for each of "
            f"{len(base)} blocks those of {', '.join(plain(name) for name, _ in names)}"
        )
    artifacts = iter(step.artifacts)
    made = []
    for chain in transformers:
        done: dict[int, list[FittedStep]] = {block: [] for block in base}
        for one in chain:
            for block in base:
                done[block].append(_member(step, _named(step, one), load, next(artifacts, None)))
        made.append(done)
    return made


def _member(step: Recorded, named: tuple[str, Mapping[str, Any]], load: Load, artifact: str | None) -> FittedStep:
    operator_class, params = named
    fitted = None if artifact is None else load(artifact)
    if fitted is not None and type(fitted).__name__ != plain(operator_class):
        raise Refused(
            f"{step.where}: artifact {artifact} is a {type(fitted).__name__}, expected {plain(operator_class)}; whose "
            "each artifact is, is not said"
        )
    return FittedStep(step.index, operator_class, params, fitted)


def _transformers(step: Recorded, said: Any) -> list[list[Any]]:
    """The transformers of a step; one that is None does nothing, a list is several in a row."""
    if not isinstance(said, Sequence) or isinstance(said, str):
        raise Refused(f"{step.where}: its transformers are {said!r:.60}, expected a list of classes")
    return [list(one) if isinstance(one, list | tuple) else [one] for one in said if one is not None]


def _named(step: Recorded, one: Any) -> tuple[str, Mapping[str, Any]]:
    """Class and parameters of one transformer as it is written in the parameters of its step."""
    if isinstance(one, str):
        return one, {}
    if isinstance(one, Mapping) and isinstance(one.get("class"), str) and set(one) <= {"class", "params"}:
        return one["class"], one.get("params") or {}
    raise Refused(f"{step.where}: transformer {one!r:.60}, expected a class, or a class and params")
