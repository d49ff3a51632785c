"""The web page: its files, and the spectra of a file that is dropped on it."""

from __future__ import annotations

import asyncio
import hashlib
import math
from typing import Any

import msgspec
from litestar import MediaType, Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.status_codes import HTTP_200_OK, HTTP_304_NOT_MODIFIED

from ...bundle.runtime.spectra_csv import SpectraError, read_spectra
from ...templates import page_files
from ..card import card
from ..errors import BadRequest
from .answers import Given, json

__all__ = ["HEADERS", "get_card", "page", "part", "spectra"]

HEADERS = {
    # Asked for each time, answered with 304: after an update nobody sees half of the old page.
    "Cache-Control": "no-cache",
}
"""Of each file of the page; what a browser may do with it is said before (`headers`)."""

TYPES = {"css": "text/css", "html": "text/html", "js": "text/javascript", "svg": "image/svg+xml"}
"""That text is UTF-8 is added when it is answered."""
ETAGS = {name: f'"{hashlib.sha256(content).hexdigest()[:32]}"' for name, content in page_files().items()}


@get("/")
async def page(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The page."""
    return _file(request, "index.html")


@get("/page/{file:path}")
async def part(request: Request[Any, Any, Any], file: FromPath[str]) -> Response[bytes]:
    """A part of the page."""
    return _file(request, str(file).removeprefix("/"))


@post("/page/spectra/{name:str}", status_code=HTTP_200_OK)
async def spectra(request: Request[Any, Any, Any], desk: Given, name: FromPath[str]) -> Response[bytes]:
    """The spectra of a text file as JSON, read as this model reads them: no parser in the browser reads otherwise."""
    missing = (await desk.repository.get(name)).bundle.missing_values
    content = await asyncio.to_thread(_read, await request.body(), missing)
    return Response(content, media_type=MediaType.JSON)


@get("/v1/models/{name:str}/card")
async def get_card(desk: Given, name: FromPath[str]) -> Response[bytes]:
    """What there is to know about a model with its points, limits, golden rows and the words of flags."""
    model = await desk.repository.get(name)
    return json(card(model.name, model.bundle))


def _file(request: Request[Any, Any, Any], name: str) -> Response[bytes]:
    if name not in ETAGS:
        raise NotFoundException(f"the page has no file {name[:80]!r}")
    headers = {**HEADERS, "ETag": ETAGS[name]}
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if ETAGS[name] in known:
        return Response(b"", status_code=HTTP_304_NOT_MODIFIED, headers=headers)
    kind = TYPES.get(name.rpartition(".")[2], "text/plain")
    return Response(page_files()[name], media_type=kind, headers=headers)


def _read(data: bytes, missing: bool) -> bytes:
    try:
        found: Any = read_spectra(data, missing)
    except SpectraError as error:
        raise BadRequest(f"the file: {error}") from None
    for row, values in enumerate(found.rows, 1):
        # JSON has no such numbers, and null says that a value is missing.
        odd = next((i for i, x in enumerate(values) if not (math.isfinite(x) or (missing and math.isnan(x)))), None)
        if odd is not None:
            raise BadRequest(f"the file: spectrum {row}, point {odd + 1} is {values[odd]}, expected a finite number")
    return msgspec.json.encode({"spectra": found.rows, "ids": found.ids, "axis": found.axis, "unit": found.unit})
