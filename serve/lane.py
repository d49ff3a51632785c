"""A lane of its own for what instruments ask all day: the same handlers, without what the framework does around them.

For each request Litestar makes a state, resolves dependencies and checks a signature, which takes as long as a
prediction. Here a handler is found by its path, handed the ASGI scope, and answers. All else goes the usual way.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from litestar import Request
from litestar.handlers import HTTPRouteHandler

from .desk import Desk

__all__ = ["Lane"]

App = Callable[[Any, Any, Any], Awaitable[None]]
Found = tuple[HTTPRouteHandler, Mapping[str, str]]


class Lane:
    """An ASGI application that stands before a Litestar one, and calls these handlers of it by itself.

    They take `scope`, `desk`, and the texts that are named in their paths, and give an ASGI application that answers.
    """

    def __init__(self, handlers: Sequence[HTTPRouteHandler], desk: Desk, app: App) -> None:
        self._desk = desk
        self._app = app
        self._paths = [(_pattern(path), handler) for handler in handlers for path in handler.paths]
        self._find = lru_cache(256)(self._look_up)  # clients choose how long each is

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        usual = scope["method"] == "POST" and not scope.get("root_path")
        found = self._find(scope["path"]) if usual else None
        if found is None:
            await self._app(scope, receive, send)
            return
        handler, named = found
        try:
            answer = await handler.fn(scope, self._desk, **named)
        except Exception as error:
            answer = _refusal(handler, Request(scope, receive, send), error)
        await answer(scope, receive, send)

    def _look_up(self, path: str) -> Found | None:
        for pattern, handler in self._paths:
            if match := pattern.fullmatch(path):
                return handler, match.groupdict()
        return None


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\w+):str\\\}", r"(?P<\1>[^/]+)", re.escape(path)))


def _refusal(handler: HTTPRouteHandler, request: Request[Any, Any, Any], error: Exception) -> App:
    handlers = handler.resolve_exception_handlers()
    refuse: Any = next(handlers[kind] for kind in type(error).__mro__ if kind in handlers)
    refusal: App = refuse(request, error).to_asgi_response(app=None, request=request)
    return refusal
