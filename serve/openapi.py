"""The OpenAPI 3.1 document of the server, from its routes, the types of its bodies, and the columns of a record.

The handlers of predictions take bytes, so what those hold is said here; a route that is not named in DETAILS is
described by its path, its docstring, and the errors that any may answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from typing import Any

import msgspec

from ..bundle.runtime.record import COLUMNS
from .protocols import media, open_inference, plain
from .protocols.compression import ENCODINGS
from .protocols.question import Question

__all__ = ["document", "encoded"]

REF = "#/components/schemas/{name}"
BINARY = {"type": "string", "format": "binary"}
JSON = plain.MEDIA_TYPE


def document(routes: Sequence[Any]) -> dict[str, Any]:
    """The document of these route handlers."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        for path in sorted(route.paths):
            for method in sorted(route.http_methods):
                paths.setdefault(_plain(path), {})[method.lower()] = _operation(route, _plain(path), method)
    about = "Predictions of NIRS models: the bits of `load(path).predict`."
    info = {"title": "n4akit", "version": version("n4akit"), "description": about}
    return {"openapi": "3.1.0", "info": info, "paths": paths, "components": {"schemas": schemas()}}


def encoded(routes: Sequence[Any]) -> bytes:
    """The document as JSON."""
    return json.dumps(document(routes), ensure_ascii=False).encode()


def _plain(path: str) -> str:
    return re.sub(r"\{(\w+):\w+\}", r"{\1}", path)


def _operation(route: Any, path: str, method: str) -> dict[str, Any]:
    said = (route.fn.__doc__ or route.fn.__name__).strip()
    name = re.sub(r"\W+", "_", f"{method.lower()}{path}").strip("_")
    of_protocol = path == "/v2" or path.startswith("/v2/")
    failed = {"$ref": REF.format(name="Error")} if of_protocol else {"$ref": REF.format(name="Problem")}
    kind = JSON if of_protocol else "application/problem+json"
    operation: dict[str, Any] = {
        "operationId": name,
        "summary": said,
        "parameters": [_in("path", one, {"type": "string"}, True) for one in re.findall(r"\{(\w+)\}", path)],
        "responses": {
            "200": _answer({JSON: {}}),
            "default": _answer({kind: {"schema": failed}}, "What is wrong, and where"),
        },
    }
    more = DETAILS.get((method, _without_version(path)), {})
    operation["parameters"] += more.get("parameters", [])
    operation["responses"] |= more.get("responses", {})
    return {**more, **operation}


def _without_version(path: str) -> str:
    return path.replace("/versions/{version}", "")


def _in(place: str, name: str, schema: Any, required: bool = False, said: str = "") -> dict[str, Any]:
    told = {"in": place, "name": name, "required": required, "schema": schema}
    return told | ({"description": said} if said else {})


def _answer(content: dict[str, Any], said: str = "The answer") -> dict[str, Any]:
    return {"description": said, "content": content}


@cache
def schemas() -> dict[str, Any]:
    """All that the document names."""
    types = [plain.Body, plain.Answer, open_inference.InferRequest]
    _, found = msgspec.json.schema_components(types, ref_template=REF)
    number = {"type": ["number", "null"]}
    found["Body"]["properties"]["spectra"] |= {
        "minItems": 1,
        "items": {"type": "array", "items": number},
        "description": "A list of values per spectrum, equally long; null where the model handles missing values.",
    }
    told = found["Answer"]["properties"]
    one = {"type": ["number", "string", "integer", "boolean", "null"]}
    told["values"]["items"] = {"anyOf": [one, {"type": "array", "items": one}]}
    told["proba"] = {"type": "array", "items": {"type": "array", "items": number}}
    told["refused"] = {"type": "array", "items": ROW}
    told["records"] = {"type": "array", "items": {"$ref": REF.format(name="Record")}}
    found["InputTensor"]["properties"]["data"] = {"type": "array", "description": "In row order, nested or not."}
    for name, schema in SIMPLE.items():
        found[name] = schema
    return {name: found[name] for name in sorted(found)}


def _object(required: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {"type": "object", "required": [*required], "properties": {**required, **others}}


TEXT, WHOLE, FLAG = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
TEXTS = ("sample", "target", "unit", "status", "model", "digest", "profile", "axis_action", "signal_action")
FIELDS = {
    **{name: {"type": ["number", "null"]} for name in COLUMNS},
    **dict.fromkeys(TEXTS, TEXT),
    **{name: {"type": ["string", "null"]} for name in ("reason", "settings")},
    **{name: {"type": ["number", "string", "boolean", "null"]} for name in ("value", "value_raw")},
    "row": WHOLE,
    "in_range": {"type": ["boolean", "null"]},
    "flags": {"type": "array", "items": TEXT},
    "proba": {"type": ["object", "null"]},
}
ROW = _object({"row": WHOLE, "reason": TEXT})
TENSOR = _object(
    {"name": TEXT, "datatype": {"enum": ["FP64", "INT64", "BYTES"]}, "shape": {"type": "array", "items": WHOLE}},
    data={"type": "array"},
    parameters={"type": "object"},
)
TENSORS = {"type": "array", "items": {"$ref": REF.format(name="Tensor")}}
SERVED = _object(
    {
        "name": TEXT,
        "version": TEXT,
        "digest": TEXT,
        "profile": TEXT,
        "n_features": WHOLE,
        "targets": {"type": "array", "items": {"type": "object"}},
        "versions": {"type": "object"},
        "aliases": {"type": "object"},
    }
)
MODELS = _object(
    {
        "models": {"type": "array", "items": {"$ref": REF.format(name="Served")}},
        "failed": {"type": "array", "items": {"type": "object"}},
    },
    memory=WHOLE,
)
MODEL: dict[str, Any] = _object(
    {"name": TEXT, "version": TEXT, "versions": {"type": "array", "items": TEXT}, "aliases": {"type": "object"}},
    digest=TEXT,
    profile=TEXT,
    n_features=WHOLE,
)
CARD = _object(
    {"name": TEXT, "digest": TEXT, "axis": {"type": ["object", "null"]}, "limits": {"type": "object"}},
    envelope={"type": ["object", "null"]},
    settings={"type": ["string", "null"]},
    samples={"type": "object"},
    flags={"type": "object"},
)
SIMPLE = {
    "Models": MODELS,
    "Served": SERVED,
    "Model": MODEL,
    "Card": CARD,
    "Record": _object(FIELDS),
    "Problem": _object(
        {"type": TEXT, "title": TEXT, "status": WHOLE, "detail": TEXT}, rows={"type": "array", "items": ROW}
    ),
    "Error": _object({"error": TEXT}),
    "Tensor": TENSOR,
    "InferAnswer": _object({"model_name": TEXT, "outputs": TENSORS}, model_version=TEXT, id=TEXT),
    "ModelMetadata": _object(
        {"name": TEXT, "platform": TEXT, "inputs": TENSORS, "outputs": TENSORS},
        versions={"type": "array", "items": TEXT},
    ),
    "ServerMetadata": _object({"name": TEXT, "version": TEXT, "extensions": {"type": "array", "items": TEXT}}),
}


def _query() -> list[dict[str, Any]]:
    """A question's members as query parameters."""
    told = []
    _, components = msgspec.json.schema_components([Question], ref_template=REF)
    for name, schema in components["Question"]["properties"].items():
        kind = next((one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"), schema)
        parameter = _in("query", name, kind, said="For bodies without a place for it; in JSON it is a member.")
        if name == "axis":
            parameter |= {"style": "form", "explode": False}
        told.append(parameter)
    return told


ENCODED = _in("header", "Content-Encoding", {"enum": ["identity", *ENCODINGS]})
HEADERS = {
    name: {"schema": TEXT, "description": "Of all forms but JSON, which has it inside."} for name in media.HEADERS
}
TABLE = "A column for each field of the record."
PREDICT: dict[str, Any] = {
    "parameters": [*_query(), ENCODED],
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"$ref": REF.format(name="Body")} if kind == JSON else BINARY} for kind in media.BODIES
        },
    },
    "responses": {
        "200": _answer(
            {
                kind: {
                    "schema": {"$ref": REF.format(name="Answer")} if kind == JSON else BINARY | {"description": TABLE}
                }
                for kind in media.ANSWERS
            },
            "Predictions, in the form that Accept prefers",
        )
        | {"headers": HEADERS}
    },
}
INFER: dict[str, Any] = {
    "parameters": [
        ENCODED,
        _in("header", "Inference-Header-Content-Length", WHOLE, said="Where tensors follow the JSON as bytes."),
    ],
    "requestBody": {
        "required": True,
        "content": {JSON: {"schema": {"$ref": REF.format(name="InferRequest")}}, "application/octet-stream": {}},
    },
    "responses": {
        "200": _answer(
            {JSON: {"schema": {"$ref": REF.format(name="InferAnswer")}}, "application/octet-stream": {}}, "Outputs"
        )
    },
}


def _told(name: str) -> dict[str, Any]:
    return {"responses": {"200": _answer({JSON: {"schema": {"$ref": REF.format(name=name)}}})}}


def _ready(ready: dict[str, Any], unready: dict[str, Any]) -> dict[str, Any]:
    return {"responses": {"200": _answer({JSON: {"schema": ready}}), "503": _answer(unready, "Not ready")}}


def _changed() -> dict[str, Any]:
    refused = {"409": _answer({"application/problem+json": PROBLEM}, "Not all that is there can be served")}
    return {"responses": _told("Served")["responses"] | refused}


PROBLEM = {"schema": {"$ref": REF.format(name="Problem")}}
READY = _object({"status": TEXT}, models={"type": "array", "items": TEXT}, failed={"type": "array"})
IS_READY, NAMED_READY = _object({"ready": FLAG}), _object({"name": TEXT, "ready": FLAG})
DETAILS: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/v1/models/{name}/predict"): PREDICT,
    ("POST", "/v2/models/{name}/infer"): INFER,
    ("GET", "/live"): {"responses": {"200": _answer({JSON: {"schema": _object({"status": TEXT})}})}},
    ("GET", "/v1/models"): _told("Models"),
    ("GET", "/v1/models/{name}"): _told("Model"),
    ("GET", "/v1/models/{name}/card"): _told("Card"),
    ("POST", "/v1/models/{name}/reload"): _changed(),
    ("POST", "/v1/reload"): _told("Models"),
    ("GET", "/metrics"): {"responses": {"200": _answer({"text/plain": {"schema": TEXT}}, "For Prometheus")}},
    ("GET", "/v2"): _told("ServerMetadata"),
    ("GET", "/v2/models/{name}"): _told("ModelMetadata"),
    ("GET", "/v2/health/live"): {"responses": {"200": _answer({JSON: {"schema": _object({"live": FLAG})}})}},
    ("GET", "/v2/health/ready"): _ready(IS_READY, {JSON: {"schema": IS_READY}}),
    ("GET", "/v2/models/{name}/ready"): _ready(NAMED_READY, {JSON: {"schema": NAMED_READY}}),
    ("GET", "/ready"): _ready(READY, {"application/problem+json": PROBLEM}),
    ("GET", "/schema/openapi.json"): {"responses": {"200": _answer({JSON: {"schema": {"type": "object"}}})}},
    ("GET", "/schema"): {"responses": {"200": _answer({"text/html": {}})}},
}
