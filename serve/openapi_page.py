"""The OpenAPI document as one page for people: no script, no style and no picture from anywhere else."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from html import escape
from typing import Any

__all__ = ["POLICY", "page"]

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
color-scheme: light dark }
code, pre { font: 14px/1.5 ui-monospace, monospace } pre { overflow: auto; max-height: 24rem }
section { border-top: 1px solid #8886; padding-top: .5rem } h2 { font-size: 1.1rem } td, th { text-align: left;
padding: 0 1rem 0 0; vertical-align: top }
"""
POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'; "
    "frame-ancestors 'none'"
)
"""What a browser may do with the page: style it as it says itself, and nothing else."""


def page(document: dict[str, Any], address: str) -> str:
    """The page of a document that is found at this address, relative to the page's own."""
    title = f"{document['info']['title']} {document['info']['version']}"
    parts = [
        "<!doctype html>",
        f'<html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>',
        f"<h1>{escape(title)}</h1><p>{escape(document['info']['description'])}</p>",
        f'<p>For programs: <a href="{escape(address)}">{escape(address)}</a> (OpenAPI {document["openapi"]}).</p>',
    ]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            parts += _operation(path, method.upper(), operation)
    parts.append("<h1>Schemas</h1>")
    for name, schema in document["components"]["schemas"].items():
        shown = escape(json.dumps(schema, indent=1, ensure_ascii=False))
        parts.append(f'<section id="{escape(name)}"><h2>{escape(name)}</h2><pre>{shown}</pre></section>')
    return "\n".join(parts) + "\n"


def _operation(path: str, method: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"<section><h2><code>{method} {escape(path)}</code></h2><p>{escape(operation['summary'])}</p><table>"
    for one in operation["parameters"]:
        said = one.get("description", "")
        kind = json.dumps(one["schema"], ensure_ascii=False)
        yield _row(f"{one['name']} ({one['in']})", kind, said)
    for kind, body in operation.get("requestBody", {}).get("content", {}).items():
        yield _row("body", kind, "", _schema_of(body))
    for status, answer in operation["responses"].items():
        for kind, body in answer["content"].items():
            yield _row(status, kind, answer["description"], _schema_of(body))
    yield "</table></section>"


def _row(what: str, kind: str, said: str, schema: str = "") -> str:
    link = f'<a href="#{escape(schema)}">{escape(schema)}</a>' if schema else ""
    return f"<tr><th>{escape(what)}</th><td><code>{escape(kind)}</code></td><td>{link} {escape(said)}</td></tr>"


def _schema_of(body: dict[str, Any]) -> str:
    return str(body.get("schema", {}).get("$ref", "")).rpartition("/")[2]
