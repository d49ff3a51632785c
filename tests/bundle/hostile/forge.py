"""Forge bundles: take a good one apart, change it, put it together as its maker would, with checksums and digests."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from n4akit.bundle import archive

__all__ = [
    "Change",
    "Contents",
    "dumps",
    "manifest",
    "npy",
    "packed",
    "role",
    "taken",
    "with_artifact",
    "with_golden",
    "with_manifest",
]

Contents = dict[str, bytes]
Change = Callable[[Any], Any]


def taken(path: Path) -> Contents:
    """The members of a bundle, in order."""
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name) for name in file.namelist()}


def packed(contents: Mapping[str, bytes] | Iterable[tuple[str, bytes]]) -> bytes:
    """A well-made archive of these members."""
    stream = io.BytesIO()
    archive.write(stream, list(contents.items() if isinstance(contents, Mapping) else contents))
    return stream.getvalue()


def dumps(value: Any) -> bytes:
    """Canonical JSON, by the standard library alone."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def manifest(contents: Contents) -> Any:
    """The manifest, to be looked at."""
    return json.loads(contents["manifest.json"])


def with_manifest(contents: Contents, change: Change) -> Contents:
    """The same members with another manifest; `change` alters it in place."""
    document = manifest(contents)
    change(document)
    return contents | {"manifest.json": dumps(document)}


def with_golden(contents: Contents, data: bytes) -> Contents:
    """Other golden answers, and a manifest that knows them."""
    digest = hashlib.sha256(data).hexdigest()
    return with_manifest(contents, lambda m: m["golden"].update(sha256=digest)) | {"golden.json": data}


def role(contents: Contents, wanted: str) -> str:
    """The sha256 of the first artifact of this role."""
    found: str = next(sha256 for sha256, entry in manifest(contents)["artifacts"].items() if entry["role"] == wanted)
    return found


def with_artifact(contents: Contents, sha256: str, data: bytes) -> Contents:
    """Another content for an artifact, and a manifest that names it by its new digest wherever it named the old."""
    digest = hashlib.sha256(data).hexdigest()
    document = json.loads(contents["manifest.json"].replace(sha256.encode(), digest.encode()))
    document["artifacts"][digest]["size"] = len(data)
    members = {name.replace(sha256, digest): content for name, content in contents.items()}
    members |= {document["artifacts"][digest]["member"]: data, "manifest.json": dumps(document)}
    first, *rest, last = members
    return {name: members[name] for name in (first, *sorted(rest), last)}


def npy(values: Any, **options: bool) -> bytes:
    """The file that numpy writes for an array."""
    stream = io.BytesIO()
    np.save(stream, values, **options)
    return stream.getvalue()
