"""Frames that are kept between calls, for whoever needs one of their kind."""

from __future__ import annotations

from threading import Lock

from .frame import Frame
from .program import Program

__all__ = ["Pool"]

KEPT = 16
"""Each thread that predicts at once needs a frame, and for a large batch one or two narrow ones."""


class Pool:
    """Safe to use from several threads: a frame is one's own until it is given back."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.frames: list[Frame] = []

    def take(self, program: Program, rows: int, *, bound: bool = False) -> Frame:
        """A frame that was kept, or a new one."""
        with self._lock:
            for number, frame in enumerate(self.frames):
                if frame.rows == rows and frame.program is program and frame.bound == bound:
                    return self.frames.pop(number)
        return Frame(program, rows, bound=bound)

    def give_back(self, frame: Frame) -> None:
        frame.let_go()
        with self._lock:
            self.frames.append(frame)
            if len(self.frames) > KEPT:
                del self.frames[0]
