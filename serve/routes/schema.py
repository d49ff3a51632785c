"""What the server says of its own interface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import MediaType, Response, get

from ..openapi import document, encoded
from ..openapi_page import POLICY, page

__all__ = ["describing"]


def describing(routes: Sequence[Any]) -> list[Any]:
    """Two routes that tell of these routes, and of themselves."""

    @get("/schema/openapi.json")
    async def schema() -> Response[bytes]:
        """This server's OpenAPI 3.1 document."""
        return Response(encoded(told), media_type=MediaType.JSON)

    @get("/schema")
    async def schema_page() -> Response[str]:
        """The same as a page."""
        content = page(document(told), "schema/openapi.json")
        return Response(content, media_type=MediaType.HTML, headers={"content-security-policy": POLICY})

    told = [*routes, schema, schema_page]
    return [schema, schema_page]
