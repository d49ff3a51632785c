"""Several processes that answer on one socket, forked from one that has loaded the models: they share the arrays.

The parent answers nothing. It passes signals on, and replaces a worker that ended, at once the first time and ever more
slowly when the replacements end too. Workers that lose their parent stop by themselves.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

__all__ = ["supervise"]

STEADY = 10.0
"""Seconds after which a worker is held for sound: it is replaced at once again."""
SLOWEST = 10.0
"""Most seconds between the end of a worker and its replacement."""
FIRST = 0.1
STOPPING = (signal.SIGTERM, signal.SIGINT)
PASSED_ON = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


def supervise(
    count: int,
    work: Callable[[int], None],
    *,
    renew: Callable[[], None],
    close: Callable[[], None],
    limit: float,
) -> int:
    """Keep `count` processes that do `work(number)` until told to stop; gives the exit code.

    Each calls `renew` at SIGHUP, and so does the parent: who is forked later begins with what that left. Told to stop,
    it calls `close`, passes the signal on, and after `limit` seconds kills those that have not ended.
    """
    return _Supervisor(count, work, renew, close, limit).run()


class _Supervisor:
    def __init__(
        self,
        count: int,
        work: Callable[[int], None],
        renew: Callable[[], None],
        close: Callable[[], None],
        limit: float,
    ) -> None:
        self._work = work
        self._renew = renew
        self._close = close
        self._limit = limit
        self._running: dict[int, int] = {}
        """The number of each worker by process."""
        self._begun: dict[int, float] = {}
        self._pause = dict.fromkeys(range(count), 0.0)
        self._due = dict.fromkeys(range(count), 0.0)
        """When each missing worker is to be started."""
        self._stopped_by = 0
        self._kill_at = float("inf")

    def run(self) -> int:
        # A signal, the end of a worker for one, makes this readable: no signal comes between looking and waiting.
        self._wake, write = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        for number in STOPPING:
            signal.signal(number, self._stop)
        for number in PASSED_ON:
            signal.signal(number, self._pass_on)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        while self._running or not self._stopped_by:
            self._start_due()
            self._wait()
            self._reap()
            if self._kill_at <= time.monotonic():
                self._send(signal.SIGKILL)
        return 130 if self._stopped_by == signal.SIGINT else 0

    def _start_due(self) -> None:
        for number, due in list(self._due.items()):
            if due <= time.monotonic() and not self._stopped_by:
                del self._due[number]
                self._start(number)

    def _start(self, number: int) -> None:
        # What arrives while there are two of us must not be taken by the new one in the parent's way.
        signal.pthread_sigmask(signal.SIG_BLOCK, (*STOPPING, *PASSED_ON))
        sys.stderr.flush()
        with warnings.catch_warnings():
            # Python warns of threads: those of the linear algebra library, which takes care of forks itself.
            warnings.simplefilter("ignore", DeprecationWarning)
            process = os.fork()
        if process == 0:
            self._be_worker(number)
        self._running[process] = number
        self._begun[number] = time.monotonic()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (*STOPPING, *PASSED_ON))

    def _be_worker(self, number: int) -> None:
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            os.close(self._wake)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGHUP, lambda *_: self._renew())
            for ignored in (signal.SIGUSR1, signal.SIGUSR2):
                signal.signal(ignored, signal.SIG_IGN)
            for stopping in STOPPING:  # until the server takes them over
                signal.signal(stopping, lambda *_: os._exit(0))
            signal.pthread_sigmask(signal.SIG_UNBLOCK, (*STOPPING, *PASSED_ON))
            self._work(number)
            code = 0
        except Exception as error:
            print(f"n4a serve: worker {number + 1}: {error}", file=sys.stderr)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _wait(self) -> None:
        next_at = min([self._kill_at, *(() if self._stopped_by else self._due.values())])
        left = None if next_at == float("inf") else max(0.0, next_at - time.monotonic())
        select.select([self._wake], [], [], left)
        try:
            os.read(self._wake, 4096)
        except BlockingIOError:
            return

    def _reap(self) -> None:
        for process in list(self._running):
            ended, status = os.waitpid(process, os.WNOHANG)
            if ended:
                self._replace(self._running.pop(process), process, os.waitstatus_to_exitcode(status))

    def _replace(self, number: int, process: int, code: int) -> None:
        if self._stopped_by:
            return
        self._renew()  # what was loaded here may be long gone from where the others are
        now = time.monotonic()
        steady = now - self._begun[number] >= STEADY
        self._pause[number] = pause = 0.0 if steady else min(SLOWEST, max(FIRST, 2 * self._pause[number]))
        self._due[number] = now + pause
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        print(f"n4a serve: worker {number + 1} ({process}) ended {how}; it is replaced", file=sys.stderr, flush=True)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if not self._stopped_by:
            self._stopped_by = number
            self._kill_at = time.monotonic() + self._limit
            self._close()
        elif number == signal.SIGINT:
            self._kill_at = 0.0  # asked twice from a keyboard: now
        self._send(signal.SIGTERM)

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            self._renew()  # for those that are forked from now on
        self._send(number)

    def _send(self, number: int) -> None:
        for process in list(self._running):
            with suppress(ProcessLookupError):  # it has just been reaped
                os.kill(process, number)
