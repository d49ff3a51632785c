"""The Open Inference Protocol, version 2, over REST, with its binary tensor extension.

In: `spectra`, FP64 or FP32 of shape (n, p), and if need be `axis` (m,) and the texts `ids` (n,); the other members of a
question are parameters of the request. Out: what `outputs_of` lists, all of it unless outputs are named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ...bundle import Bundle, Result
from ..errors import BadRequest
from .question import Question, one_each
from .tensors import InputTensor, as_bytes, as_list, datatype_of, numbers, texts

__all__ = ["HEADER_LENGTH", "Asked", "decode", "encode", "length_of_json", "model_metadata", "outputs_of"]

HEADER_LENGTH = "inference-header-content-length"
"""The header that says how many bytes of a body are its JSON; tensors follow."""

DIGITS = 20
"""No body has a length of more."""

Parameters = dict[str, str | int | float | bool]

UNTOLD = ("axis", "ids", "samples", "full", "contributions")
"""Members of a question that are no parameters: tensors of their own, or nothing that an output tells."""


ALWAYS = {"value", "value_raw", "flags", "status", "reason"}
"""Outputs that are known of every prediction."""


class OutputTensor(msgspec.Struct, forbid_unknown_fields=True):
    """An output that is asked for."""

    name: str
    parameters: Parameters = {}
    """`binary_data`: whether it comes as bytes."""


class InferRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The JSON of a request."""

    inputs: list[InputTensor]
    id: str | None = None
    outputs: list[OutputTensor] = []
    parameters: Parameters = {}
    """Members of a question as in `{"unit": "nm", "strict": true}`, and `binary_data_output`."""


@dataclass(frozen=True)
class Asked:
    """What is to be answered, and how."""

    id: str | None
    outputs: tuple[tuple[str, bool], ...]
    """Names, and whether as bytes."""
    binary: bool
    """Whether what is not named comes as bytes."""


_decode = msgspec.json.Decoder(InferRequest).decode


def decode(body: bytes, header_length: str) -> tuple[Asked, Question, NDArray[np.float64]]:
    """What is asked, how, and of which spectra. Raises BadRequest naming the input, output or parameter."""
    whole, length = memoryview(body), length_of_json(body, header_length)
    try:
        request = _decode(whole[:length])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"the request is no inference request: {error}") from None
    inputs = _inputs(request, whole[length:])
    if "spectra" not in inputs:
        raise BadRequest("inputs: there are no 'spectra', expected FP64 or FP32 of shape [n, p]")
    spectra = numbers(*inputs["spectra"], 2)
    members = _members(request.parameters)
    if "axis" in inputs:
        members["axis"] = numbers(*inputs["axis"], 1).tolist()
    if "ids" in inputs:
        members["ids"] = texts(*inputs["ids"])
    try:
        question = msgspec.convert(members, Question)
    except msgspec.ValidationError as error:
        raise BadRequest(str(error).replace(" - at `$.", " - at `parameters.")) from None
    one_each(question, len(spectra))
    asked = _asked(request)
    question.full = not asked.outputs or any(name not in ALWAYS for name, _ in asked.outputs)
    return asked, question, spectra


def length_of_json(body: bytes, header_length: str) -> int:
    """How many bytes of a body are its JSON, all of them unless its header says less. Raises BadRequest for what is no
    such number.
    """
    if not header_length:
        return len(body)
    digits = header_length.isascii() and header_length.isdigit() and len(header_length) <= DIGITS
    if not digits or int(header_length) > len(body):
        raise BadRequest(
            f"{HEADER_LENGTH}: {header_length[:30]!r} was given, expected a number of bytes up to {len(body)}, the body"
        )
    return int(header_length)


def _inputs(request: InferRequest, rest: memoryview) -> dict[str, tuple[InputTensor, memoryview | None]]:
    found: dict[str, tuple[InputTensor, memoryview | None]] = {}
    place = 0
    for tensor in request.inputs:
        name = tensor.name[:40]
        if name not in ("spectra", "axis", "ids") or name in found:
            raise BadRequest(f"input {name!r}: expected 'spectra', and if need be 'axis' and 'ids', once each")
        size = tensor.parameters.get("binary_data_size")
        if size is None:
            found[name] = tensor, None
            continue
        if type(size) is not int or not 0 <= size <= len(rest) - place or tensor.data is not msgspec.UNSET:
            raise BadRequest(
                f"input {name!r}: binary_data_size must be a number of the {len(rest) - place} bytes that follow, "
                "without data beside it"
            )
        found[name] = tensor, rest[place : place + size]
        place += size
    if place != len(rest):
        raise BadRequest(f"the body has {len(rest)} bytes behind its JSON, expected {place} as its inputs say")
    return found


def _members(parameters: Mapping[str, Any]) -> dict[str, Any]:
    members = {name: value for name, value in parameters.items() if name != "binary_data_output"}
    known = [name for name in Question.__struct_fields__ if name not in UNTOLD]
    for name in members:
        if name not in known:
            raise BadRequest(f"parameter {name[:40]!r} is not known, expected {', '.join(known)}")
    return members


def _asked(request: InferRequest) -> Asked:
    binary = _switch("binary_data_output", request.parameters, False)
    names = [output.name for output in request.outputs]
    if len({*names}) != len(names):
        raise BadRequest("outputs: one is named twice, expected each once")
    for output in request.outputs:
        for name in output.parameters.keys() - {"binary_data"}:
            raise BadRequest(f"output {output.name[:40]!r}: parameter {name[:40]!r} is not known, expected binary_data")
    outputs = tuple((output.name, _switch("binary_data", output.parameters, binary)) for output in request.outputs)
    return Asked(request.id, outputs, binary)


def _switch(name: str, parameters: Mapping[str, Any], usual: bool) -> bool:
    value = parameters.get(name, usual)
    if type(value) is not bool:
        raise BadRequest(f"parameter {name}: expected true or false")
    return value


def outputs_of(result: Result) -> dict[str, NDArray[Any]]:
    """All outputs, by name: `value`, those that this model tells, and the texts `flags`, `status` and `reason`."""
    told = {"value": result.values, "value_raw": result.value_raw}
    names = ("proba", "std", "spread", "lower", "upper", "t2", "q")
    told |= {name: array for name in names if (array := getattr(result, name)) is not None}
    told["flags"] = np.array([" ".join(codes) for codes in result.flags], dtype=np.str_)
    told["status"] = np.array(result.status, dtype=np.str_)
    told["reason"] = np.array([result.reasons.get(row, "") for row in range(len(result.flags))], dtype=np.str_)
    return told


def encode(model: str, version: str, asked: Asked, result: Result) -> tuple[bytes, int | None]:
    """The answer, and how many bytes of it are JSON where others follow. Raises BadRequest for an output that the model
    does not have.
    """
    told = outputs_of(result)
    outputs, pieces = [], []
    for name, binary in asked.outputs or [(name, asked.binary) for name in told]:
        if name not in told:
            raise BadRequest(f"output {name[:40]!r}: there is none, expected {', '.join(told)}")
        values = told[name]
        output: dict[str, Any] = {"name": name, "datatype": datatype_of(values), "shape": values.shape}
        if binary:
            pieces.append(as_bytes(values))
            output["parameters"] = {"binary_data_size": len(pieces[-1])}
        else:
            output["data"] = as_list(values)
        outputs.append(output)
    answer: dict[str, Any] = {"model_name": model, "model_version": version}
    if asked.id is not None:
        answer["id"] = asked.id
    text = msgspec.json.encode({**answer, "parameters": _how(result), "outputs": outputs})
    return b"".join([text, *pieces]), len(text) if pieces else None


def _how(result: Result) -> dict[str, Any]:
    told = {"digest": result.digest, "profile": result.profile, "settings": result.settings}
    told |= {"axis_action": result.axis_action, "signal_action": result.signal_action}
    return {name: value for name, value in told.items() if value is not None}


def model_metadata(model: str, versions: list[str], bundle: Bundle) -> dict[str, Any]:
    """What the protocol tells of a model: its inputs, and the outputs that it gives for its golden rows."""
    told = outputs_of(bundle.predict_full(bundle.golden.rows[:1]))
    outputs = [
        {"name": name, "datatype": datatype_of(values), "shape": [-1, *values.shape[1:]]}
        for name, values in told.items()
    ]
    inputs = [
        {"name": "spectra", "datatype": "FP64", "shape": [-1, -1 if bundle.axis is not None else bundle.n_features]}
    ]
    inputs += [{"name": "axis", "datatype": "FP64", "shape": [-1]}, {"name": "ids", "datatype": "BYTES", "shape": [-1]}]
    return {"name": model, "versions": versions, "platform": "n4akit_n4a", "inputs": inputs, "outputs": outputs}
