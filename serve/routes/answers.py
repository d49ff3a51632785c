"""What the routes of a server share: what they are given, and how they answer."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import MediaType, Response
from litestar.di import NamedDependency

from ..desk import Desk

__all__ = ["Given", "json"]

Given = NamedDependency[Desk]
"""The annotation of the parameter `desk`."""


def json(value: Any) -> Response[bytes]:
    """An answer in JSON."""
    return Response(msgspec.json.encode(value), media_type=MediaType.JSON)
