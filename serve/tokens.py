"""The file of tokens: who may ask, for which models, and what. It holds digests, never a token.

A token is `n4a_ID_SECRET`. The secret is 32 random bytes, which nobody guesses: a plain sha256 of it is enough, where
a password would need a slow digest. The file is JSON, written whole and renamed into place:

    {"tokens": [{"id": "…", "name": "press 3", "sha256": "…", "models": ["grain", "fat-*"], "verbs": ["predict"],
                 "created": "2026-01-31T12:00:00Z"}]}
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from .errors import Misuse
from .verbs import VERBS

__all__ = ["Token", "add", "read", "remove"]


class Token(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept of one token."""

    id: str
    name: str
    """Whose it is; names are unique, and stand in the access log."""
    sha256: str
    """The digest of its secret."""
    models: tuple[str, ...]
    """The models it is for; `*` in a name stands for anything."""
    verbs: tuple[str, ...]
    """What it may ask for."""
    created: str


class _File(msgspec.Struct, forbid_unknown_fields=True):
    tokens: list[Token]


def read(path: Path) -> tuple[Token, ...]:
    """The tokens of a file. Raises Misuse saying what is wrong with it; FileNotFoundError when there is none."""
    data = path.read_bytes()
    try:
        tokens = msgspec.json.decode(data, type=_File).tokens
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Misuse(f"{path}: no file of tokens: {error}; `n4a token add` writes one") from None
    for token in tokens:
        _check(path, token)
    for what in ("id", "name"):
        values = [getattr(token, what) for token in tokens]
        if len({*values}) < len(values):
            raise Misuse(f"{path}: two tokens have the same {what}, expected one of each")
    return tuple(tokens)


def add(path: Path, name: str, models: Sequence[str], verbs: Sequence[str]) -> str:
    """Make a token and keep its digest; the token itself is told this once."""
    tokens = list(read(path)) if path.exists() else []
    if any(token.name == name for token in tokens):
        raise Misuse(f"{path}: there is a token {name!r} already; remove it, or choose another name")
    id, secret = secrets.token_hex(6), base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")
    created = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    token = Token(id, name, hashlib.sha256(secret.encode()).hexdigest(), tuple(models), tuple(verbs), created)
    _check(path, token)
    _write(path, [*tokens, token])
    return f"n4a_{id}_{secret}"


def remove(path: Path, name: str) -> None:
    """Forget a token; a server that reads the file refuses it within a second."""
    tokens = read(path)
    kept = [token for token in tokens if token.name != name]
    if len(kept) == len(tokens):
        known = ", ".join(token.name for token in tokens) or "none"
        raise Misuse(f"{path}: no token {name!r} is there; there is {known}")
    _write(path, kept)


def _check(path: Path, token: Token) -> None:
    if not token.name or not token.name.isprintable():
        raise Misuse(f"{path}: a token has the name {token.name!r}, expected one that can be printed")
    if len(token.sha256) != 64 or not {*token.sha256} <= {*"0123456789abcdef"}:
        raise Misuse(f"{path}: token {token.name!r}: sha256 is not the 64 hexadecimal digits of a digest")
    strange = [verb for verb in token.verbs if verb not in VERBS]
    if strange or not token.verbs:
        found = repr(strange[0]) if strange else "none"
        raise Misuse(f"{path}: token {token.name!r}: verbs: {found} was given, expected some of {', '.join(VERBS)}")
    if not token.models or not all(token.models):
        raise Misuse(f"{path}: token {token.name!r}: models: an empty name, expected names of models, or *")


def _write(path: Path, tokens: Sequence[Token]) -> None:
    """The whole file or none of it, readable by its owner alone."""
    data = msgspec.json.format(msgspec.json.encode(_File(list(tokens))), indent=2) + b"\n"
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # made with mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
