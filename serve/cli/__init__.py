"""The command `n4a`: one file per group of verbs, each importing what it needs when it runs."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from io import TextIOWrapper

from cyclopts import App

from .bundles import info, predict, verify
from .demo import demo
from .failures import exit_code
from .maintenance import fsck, gc, import_, vacuum
from .serving import serve
from .settings import settings
from .tokens import token
from .workspaces import export, runs

__all__ = ["app", "main"]


def _version() -> str:
    from ...bundle.format import VERSION

    return f"n4akit {version('n4akit')}, bundle format {VERSION}"


app = App(
    name="n4a",
    help="Carry trained spectroscopy models to wherever they must predict, with the same number everywhere.",
    help_epilogue="Exit codes: 0 done, 1 another error, 2 wrong usage, 4 input that cannot be read or predicted, "
    "5 not an intact model or workspace, 6 a model that does not give its golden answers, 130 interrupted.",
    version=_version,
)
for verb in (demo, info, verify, predict, settings, export, runs, serve, fsck, gc, vacuum):
    app.command(verb)
app.command(import_, name="import")
app.command(token)


def main() -> None:
    """Run one command and exit with its code; an error is one line on stderr."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # results are the same bytes in every locale
    try:
        code = app(result_action="return_value")
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        code = _unheard()
    except Exception as error:
        code, words = exit_code(error)
        print(f"n4a: {words}", file=sys.stderr)
    sys.exit(code or 0)


def _unheard() -> int:
    """Whoever read our output, `head` for one, wants no more of it: nothing to complain about, at exit neither."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1
