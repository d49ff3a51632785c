"""What is written: every function checks, makes an identifier, and puts one record in the inbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .desk import Desk
from .documents import Form, plain
from .errors import Refused
from .identity import new_id, now
from .merge import ARRAYS, end_kind
from .objects import Objects, environment
from .references import of_chain
from .tables import ENDS, TABLES

__all__ = ["begin", "end", "log", "save_arrays", "save_artifact", "save_chain"]

_ROWS = {name: Form(table.columns) for name, table in TABLES.items()}
_ENDS = {
    name: Form(column for column in TABLES[name].columns if column.name in (TABLES[name].key, *ends))
    for name, ends in ENDS.items()
}


def begin(desk: Desk, table: str, values: Sequence[Any]) -> str:
    """Record a new row whose parents must be there; answers its identifier.

    `values` are those of the columns after the key; missing ones at the end are empty, and times are now.
    """
    described = TABLES[table]
    id = new_id()
    places = described.places
    given: list[Any] = [id, *values]
    given += [None] * (len(places) - len(given))
    given[places["created_at"]] = now()
    if "status" in places:
        given[places["status"]] = "running"
    for column, parent in described.parents.items():
        desk.require(parent, given[places[column]], failed=table == "logs")
    desk.add(table, id, _ROWS[table].write(given))
    return id


def end(desk: Desk, table: str, id: str, **values: Any) -> None:
    """Record that a row has ended; on disk, with everything recorded before it, when this returns.

    Raises UnknownId, and Refused when it has ended before, whoever did that.
    """
    described = TABLES[table]
    here = desk.require(table, id)
    mark = f"{table} {id}"
    if desk.marked(mark) if here else desk.status(table, id) != "running":
        raise Refused(_ended(described.key, id))
    given = {"completed_at": now(), **values}
    document = _ENDS[table].write((id, *(given.get(name) for name in ENDS[table])))
    try:
        desk.record(end_kind(table), id, document, once=mark, durable=True)
    except Refused:
        raise Refused(_ended(described.key, id)) from None
    if values["status"] == "failed":
        desk.forget()


def _ended(key: str, id: str) -> str:
    return f"{key} {id!r}: it has been completed or failed already; begin a new one"


def save_chain(desk: Desk, values: Mapping[str, Any]) -> str:
    """Record a chain, whose artifacts must be there."""
    steps = values["steps"]
    if isinstance(steps, str) or not isinstance(steps, Sequence):
        raise Refused(f"steps: found {type(steps).__name__}, expected a list of mappings")
    for number, step in enumerate(steps):
        _check_step(number, step)
    artifacts = set(of_chain(steps, values["fold_artifacts"], values["shared_artifacts"]))
    for artifact in artifacts:
        desk.require("artifacts", artifact)
    id = begin(desk, "chains", list(values.values()))
    desk.named(artifacts)
    return id


ROLES = ("x", "y", "model")


def _check_step(number: int, step: Any) -> None:
    if not isinstance(step, Mapping):
        raise Refused(f"steps[{number}]: found {type(step).__name__}, expected a mapping")
    if "step_idx" not in step or not hasattr(step["step_idx"], "__index__"):
        raise Refused(f"steps[{number}]: step_idx={step.get('step_idx')!r:.40}, expected an integer")
    if not isinstance(step.get("operator_class"), str):
        raise Refused(f"steps[{number}]: operator_class={step.get('operator_class')!r:.40}, expected text")
    if step.get("role") not in (None, *ROLES):
        raise Refused(f"steps[{number}]: role={step['role']!r:.40}, expected one of {', '.join(ROLES)}")
    if step.get("artifact_id") and step.get("artifact_ids"):
        raise Refused(f"steps[{number}]: both artifact_id and artifact_ids are given; give one of them")


def save_arrays(desk: Desk, prediction_id: str, arrays: Mapping[str, Any]) -> None:
    """Record the arrays of a prediction, which is done once.

    Raises UnknownId, and Refused when it was done before, or for values that are no numbers.
    """
    desk.require("predictions", prediction_id)
    record = ("prediction_arrays", str(prediction_id), *_packed(prediction_id, arrays))
    mark = f"arrays {prediction_id}"
    try:
        if desk.bare.drop(prediction_id):
            # Recorded here, and never tried: who was sooner is another process, and made the mark.
            desk.record(*record, unless=mark)
        elif not desk.record_only(*record, once=mark, after="predictions"):
            with desk.database() as connection:  # nobody moves records meanwhile
                query = "SELECT 1 FROM prediction_arrays WHERE prediction_id = ?"
                if connection.execute(query, [prediction_id]).fetchall():
                    raise Refused(mark)
                desk.record_only(*record, once=mark)
    except Refused:
        raise Refused(
            f"prediction_id {prediction_id!r}: its arrays were saved already; save a new prediction"
        ) from None


def _packed(prediction_id: str, arrays: Mapping[str, Any]) -> tuple[str, bytes]:
    """A document of how long each array is and the shape of the probabilities, and their bytes one after the other."""
    lengths: list[int | None] = []
    parts: list[Any] = []  # arrays, which are buffers: numpy says so to Python 3.12 and later alone
    shape = None
    for name, dtype in ARRAYS:
        values = arrays[name]
        if values is None:
            lengths.append(None)
            continue
        as_it_is = type(values) is np.ndarray and values.dtype is dtype and values.flags.c_contiguous
        array = values if as_it_is else _array(name, values, dtype)
        lengths.append(array.size)
        parts.append(array)
        if name == "y_proba":
            shape = list(array.shape)
    return plain([prediction_id, lengths, shape]), b"".join(parts)


def _array(name: str, values: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
    if isinstance(values, np.ma.MaskedArray):
        raise Refused(f"{name}: a masked array was given; fill its masked values, NaN says that one is missing")
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise Refused(f"{name}: {error}; expected numbers") from None
    wanted = "iu" if dtype.kind == "i" else "fiu"
    if array.size == 0:
        array = array.astype(dtype)
    if array.dtype.kind not in wanted:
        raise Refused(
            f"{name}: values of type {array.dtype} were given, expected {'integers' if wanted == 'iu' else 'numbers'}"
        )
    if array.dtype.kind == "u" and array.size and int(array.max()) >= 2**63:
        raise Refused(f"{name}: {int(array.max())} does not fit in 64 bits with a sign")
    return np.asarray(array, dtype, order="C")


def save_artifact(desk: Desk, objects: Objects, obj: Any, operator_class: str, artifact_type: str, format: str) -> str:
    """Keep an object and record it; the same content has the same identifier, however often it is saved."""
    desk.check()
    digest, place, size = objects.save(obj, format)
    values = (digest, place, f"sha256:{digest}", operator_class, artifact_type, format, size, 0, environment(), now())
    desk.add("artifacts", digest, _ROWS["artifacts"].write(values))
    if not objects.holds(place):  # a cleanup that had not seen the record took it away
        objects.save(obj, format)
    return digest


def log(desk: Desk, values: Sequence[Any]) -> str:
    """Record a log entry of a pipeline, failed ones included."""
    return begin(desk, "logs", values)
