"""Bodies that come compressed (Content-Encoding: gzip or zstd), never larger than they may be."""

from __future__ import annotations

import zlib
from collections.abc import Callable

from ..errors import BadRequest, TooLarge, Unsupported

__all__ = ["ENCODINGS", "decompressed"]

PIECE = 1 << 20


def decompressed(body: bytes, encoding: str, largest: int) -> bytes:
    """The body as it was before. Raises Unsupported for another encoding, BadRequest for a body that is not of it,
    TooLarge where it grows beyond `largest` bytes.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return body
    if name not in ENCODINGS:
        raise Unsupported(f"a body of Content-Encoding {name[:40]!r} was sent, expected {' or '.join(ENCODINGS)}")
    found = ENCODINGS[name](body, largest)
    if len(found) > largest:
        raise TooLarge(f"the body is larger than {largest} bytes when decompressed; send fewer spectra at a time")
    return found


def _gzip(body: bytes, largest: int) -> bytes:
    reader = zlib.decompressobj(wbits=31)
    try:
        found = reader.decompress(body, largest + 1)
    except zlib.error as error:
        raise BadRequest(f"the body is not gzip: {str(error)[:100]}") from None
    if len(found) <= largest and not reader.eof:
        raise BadRequest("the body is not whole: its gzip stream has no end")
    if reader.unused_data:
        raise BadRequest(f"the body has {len(reader.unused_data)} bytes behind the end of its gzip stream")
    return found


def _zstd(body: bytes, largest: int) -> bytes:
    import pyarrow as pa

    pieces, size = [], 0
    try:
        with pa.input_stream(pa.py_buffer(body), compression="zstd") as stream:
            while size <= largest and (piece := stream.read(PIECE)):
                pieces.append(piece)
                size += len(piece)
    except (OSError, pa.ArrowException) as error:
        raise BadRequest(f"the body is not zstd: {str(error).partition(chr(10))[0][:100]}") from None
    return b"".join(pieces)


ENCODINGS: dict[str, Callable[[bytes, int], bytes]] = {"gzip": _gzip, "zstd": _zstd}
