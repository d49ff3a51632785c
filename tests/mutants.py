"""Models changed by accident, or by somebody who knows the formats and makes every checksum right again."""

from __future__ import annotations

import re
import zipfile
from base64 import b64decode, b64encode
from binascii import crc32
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from n4akit.bundle import archive, canonical, format, npy
from numpy.typing import NDArray

__all__ = ["bundle_constants", "change_bundle", "change_script", "flip_bit", "script_constants"]

FACTOR = 1.0 + 2.0**-20
"""One part in a million: less than any laboratory sees."""

EMBEDDED = re.compile(r'^(k\d+) = numbers\(0x([0-9a-f]+), ("""\n|")([A-Za-z0-9+/=\n]+)"', re.MULTILINE)


def flip_bit(data: bytes, bit: int) -> bytes:
    """The same bytes but for one bit."""
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def bundle_constants(bundle: Path) -> list[str]:
    """The names of the coefficients from which a bundle predicts."""
    manifest, contents = _opened(bundle)
    consts = manifest["plans"]["compiled"]["consts"]
    return [name for name, const in consts.items() if _is_coefficient(_values(const, contents))]


def change_bundle(bundle: Path, path: Path, constant: str) -> Path:
    """A copy in which one value of a constant is another, and every name, digest and checksum fits that again."""
    manifest, contents = _opened(bundle)
    const = manifest["plans"]["compiled"]["consts"][constant]
    values = _changed(_values(const, contents))
    if "hex" in const:
        const["hex"] = [value.hex() for value in values.tolist()]
    else:
        manifest = _with_array(manifest, contents, const, values)
    golden = contents.pop(format.GOLDEN)
    members = ((format.MANIFEST, canonical.encode(manifest)), *sorted(contents.items()), (format.GOLDEN, golden))
    with path.open("wb") as stream:
        archive.write(stream, members)
    return path


def _opened(bundle: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    with zipfile.ZipFile(bundle) as file:
        contents = {name: file.read(name) for name in file.namelist()}
    return canonical.decode(contents.pop(format.MANIFEST)), contents


def _values(const: dict[str, Any], contents: dict[str, bytes]) -> NDArray[np.float64]:
    if "hex" in const:
        return np.array([float.fromhex(value) for value in const["hex"]])
    if const["type"] != "<f8":
        return np.array([])
    return np.frombuffer(contents[format.member(const["array"], "plan")][npy.HEADER :], "<f8")


def _with_array(
    manifest: dict[str, Any], contents: dict[str, bytes], const: dict[str, Any], values: NDArray[np.float64]
) -> dict[str, Any]:
    """The manifest with another array in the place of one; the contents are changed where they are."""
    old = const["array"]
    data = npy.encode(values.reshape(const["shape"]))
    new = sha256(data).hexdigest()
    del contents[format.member(old, "plan")]
    contents[format.member(new, "plan")] = data
    found = _renamed(manifest, old, new)
    assert isinstance(found, dict)
    return found


def _renamed(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {_renamed(key, old, new): _renamed(item, old, new) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, old, new) for item in value]
    return value.replace(old, new) if isinstance(value, str) else value


def script_constants(script: Path) -> list[str]:
    """The names of the coefficients from which a script predicts."""
    found = EMBEDDED.finditer(script.read_text("ascii"))
    return [match.group(1) for match in found if _is_coefficient(np.frombuffer(b64decode(match.group(4)), "<f8"))]


def change_script(script: Path, path: Path, constant: str) -> Path:
    """A copy in which one value of a constant is another, and its checksum is right."""
    text = script.read_text("ascii")
    match = next(match for match in EMBEDDED.finditer(text) if match.group(1) == constant)
    data = _changed(np.frombuffer(b64decode(match.group(4)), "<f8")).tobytes()
    line = f'{constant} = numbers({crc32(data):#010x}, {match.group(3)}{b64encode(data).decode()}"'
    path.write_text(text[: match.start()] + line + text[match.end() :], "ascii")
    return path


def _is_coefficient(values: NDArray[np.float64]) -> bool:
    # A limit, such as the difference that counts as none, decides nothing about ordinary spectra.
    return len(values) > 0 and bool(np.isfinite(values).all()) and float(np.abs(values).max()) > 2.0**-40


def _changed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    changed = values.copy()
    changed[np.argmax(np.abs(changed))] *= FACTOR
    return changed
