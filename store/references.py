"""Which artifacts a chain names: in its folds, in its shared steps, and in the steps themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .database import Connection
from .documents import decode

__all__ = ["identifiers", "named", "of_chain", "release"]


def identifiers(value: Any) -> Iterator[str]:
    """The artifact identifiers in a text, a sequence, or the values of a mapping; None is none."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from identifiers(item)
    elif isinstance(value, Sequence):
        for item in value:
            yield from identifiers(item)


def of_chain(steps: Sequence[Mapping[str, Any]], *mappings: Any) -> Iterator[str]:
    """Every artifact that a chain names."""
    for step in steps:
        yield from identifiers(step.get("artifact_id"))
        yield from identifiers(step.get("artifact_ids"))
    for mapping in mappings:
        yield from identifiers(mapping)


def named(connection: Connection, where: str = "TRUE", parameters: Sequence[Any] = ()) -> dict[str, int]:
    """How many chains name each artifact, over the chains that fit a condition."""
    rows = connection.execute(
        f"SELECT steps, fold_artifacts, shared_artifacts FROM chains WHERE {where}", list(parameters)
    ).fetchall()
    counts: dict[str, int] = {}
    for steps, folds, shared in rows:
        for artifact in set(of_chain(decode(steps) or [], decode(folds), decode(shared))):
            counts[artifact] = counts.get(artifact, 0) + 1
    return counts


def release(connection: Connection, where: str, parameters: Sequence[Any] = ()) -> None:
    """Note that chains which are about to go named these artifacts: they may be garbage, however young they are."""
    artifacts = list(named(connection, where, parameters))
    connection.execute("INSERT OR IGNORE INTO n4a.released SELECT unnest(?::VARCHAR[])", [artifacts])
