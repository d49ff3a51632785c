"""Do something else before a chosen line of a program: every interleaving of two acts, one after the other."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from types import FrameType, ModuleType
from typing import Any

__all__ = ["die", "interrupted", "meanwhile"]

Act = Callable[[], Any]


def interrupted(act: Act, modules: tuple[ModuleType, ...], line: int, other: Act) -> bool:
    """Act, and do something else before the given executed line of these modules; False when there are fewer lines."""
    files = {str(module.__file__) for module in modules}
    left = line

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal left
        if frame.f_code.co_filename not in files:
            return None
        if event == "line":
            left -= 1
            if left == 0:
                sys.settrace(None)
                other()
        return trace if left > 0 else None

    sys.settrace(trace)
    try:
        act()
    finally:
        sys.settrace(None)
    return left <= 0


def meanwhile(act: Act, modules: tuple[ModuleType, ...], line: int, other: Act) -> bool:
    """The same, in another thread; one that has to wait for a lock goes on when the act lets go of it."""
    errors: list[BaseException] = []

    def caught() -> None:
        try:
            other()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=caught)

    def begin() -> None:
        thread.start()
        thread.join(0.05)

    reached = interrupted(act, modules, line, begin)
    if reached:
        thread.join(60)
        assert not thread.is_alive(), "waits for ever"
    if errors:
        raise errors[0]
    return reached


def die() -> None:
    """As if killed: nothing is flushed, closed or said."""
    os._exit(9)
