"""The verbs `token add`, `token list` and `token remove`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from .bundles import Json, print_json

__all__ = ["token"]

token = App(name="token", help="Keep the file of tokens that a server asks its clients for.")

FILE = Path("tokens.json")


@token.command
def add(
    name: str,
    /,
    *,
    file: Path = FILE,
    model: Annotated[list[str] | None, Parameter(negative="")] = None,
    verb: Annotated[list[str] | None, Parameter(negative="")] = None,
) -> int:
    """Make a token and show it, this once: the file holds its digest alone.

    Parameters
    ----------
    name
        Whose it is; it stands in the access log.
    file
        File of tokens, made if there is none.
    model
        Model that it is for, with * for anything; may be given more than once. All if none is given.
    verb
        What it may ask for: predict, read, manage, metrics; may be given more than once. Predict and read if none is.
    """
    from ..tokens import add as make

    print(make(file, name, model or ["*"], verb or ["predict", "read"]))
    print(f"{file}: {name} was added; this is the only time that the token is shown", file=sys.stderr)
    return 0


@token.command(name="list")
def list_(*, file: Path = FILE, json: Json = False) -> int:
    """List who has a token, for which models and what.

    Parameters
    ----------
    file
        File of tokens.
    """
    from ..tokens import read

    found = read(file)
    if json:
        print_json(
            [
                {"name": one.name, "id": one.id, "models": one.models, "verbs": one.verbs, "created": one.created}
                for one in found
            ]
        )
        return 0
    for one in found:
        print(f"{one.name}  {','.join(one.models)}  {','.join(one.verbs)}  {one.created}")
    print(f"{file}: {len(found)} tokens", file=sys.stderr)
    return 0


@token.command
def remove(name: str, /, *, file: Path = FILE) -> int:
    """Forget a token; servers that read the file refuse it within a second.

    Parameters
    ----------
    name
        Whose it is.
    file
        File of tokens.
    """
    from ..tokens import remove as forget

    forget(file, name)
    print(f"{file}: {name} was removed", file=sys.stderr)
    return 0
