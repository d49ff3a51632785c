"""What acknowledges a record fastest: SQLite, a journal of framed records, or DuckDB itself.

Run: python tests/benchmarks/inbox.py [RECORDS]

Each takes the bytes of a prediction and of its arrays in turn, one record a call; what it acknowledged survives the
death of the process. The journal is the least that could do: a frame with lengths and a checksum, in one write.
"""

from __future__ import annotations

import os
import sqlite3
import struct
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
from n4akit.store.inbox import Inbox

DOC, ROW, BODY = "x" * 300, "x" * 90, bytes(2400)
FEW = 200
"""Records for DuckDB, whose log grows with the square of them."""

Put = Callable[[int, str, bytes | None], object]


def through_the_inbox(folder: Path) -> Put:
    inbox = Inbox(folder)

    def put(number: int, doc: str, body: bytes | None) -> None:
        inbox.put("arrays" if body else "row", str(number), doc, body, once=str(number) if body else "")

    return put


def through_sqlite(folder: Path) -> Put:
    connection = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("CREATE TABLE records (seq INTEGER PRIMARY KEY, doc TEXT, body BLOB)")
    return lambda number, doc, body: connection.execute("INSERT INTO records (doc, body) VALUES (?, ?)", (doc, body))


def through_a_journal(folder: Path) -> Put:
    file = os.open(folder / "journal", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    frame = struct.Struct("<4sIIQ")

    def put(number: int, doc: str, body: bytes | None) -> None:
        head, body = doc.encode(), body or b""
        checksum = zlib.crc32(body, zlib.crc32(head))
        os.write(file, frame.pack(b"JRNL", len(head), checksum, len(body)) + head + body)

    return put


def through_duckdb(folder: Path) -> Put:
    connection = duckdb.connect(str(folder / "plain.duckdb"))
    connection.execute("CREATE TABLE records (seq BIGINT PRIMARY KEY, doc VARCHAR, body DOUBLE[])")

    def put(number: int, doc: str, body: bytes | None) -> None:
        values = np.frombuffer(body or b"").tolist()
        connection.execute("INSERT INTO records VALUES (?, ?, ?)", [number, doc, values])

    return put


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    ways = (
        ("our inbox: SQLite, with checksum, order, and what may happen once", through_the_inbox, n),
        ("SQLite in WAL mode, bare", through_sqlite, n),
        ("a journal of framed records", through_a_journal, n),
        ("DuckDB, a transaction each", through_duckdb, FEW),
    )
    taken: dict[str, list[float]] = {name: [] for name, _, _ in ways}
    with tempfile.TemporaryDirectory() as folder:
        puts = [(name, way(Path(folder)), count) for name, way, count in ways]
        for number in range(n):
            given = (DOC, None) if number % 2 else (ROW, BODY)
            for name, put, count in puts:
                if number < count:
                    began = time.perf_counter()
                    put(number, *given)
                    taken[name].append(time.perf_counter() - began)
    print("| one record a call | p50 | p99 | records a second |")
    print("|---|---|---|---|")
    for name, times in taken.items():
        p50, p99 = (float(np.quantile(times, q)) * 1e6 for q in (0.5, 0.99))
        print(f"| {name} | {p50:.0f} µs | {p99:.0f} µs | {len(times) / sum(times):.0f} |")


if __name__ == "__main__":
    main()
