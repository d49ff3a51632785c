"""What a body costs: 256 spectra of 1000 points through every protocol, from bytes to bytes, in one process.

Run: python tests/benchmarks/serve_protocols.py [--repeats N]
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from n4akit import load
from n4akit.bundle.capture import from_sklearn
from n4akit.bundle.export import export
from n4akit.serve.protocols import media, npy, open_inference
from workload import POINTS, train

ROWS = 256
LARGEST = 1 << 30
ARROW = "application/vnd.apache.arrow.stream"


class Lists(msgspec.Struct):
    """What one would write without us."""

    spectra: list[list[float]]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=31)
    repeats = parser.parse_args().repeats
    rows = np.random.default_rng(0).normal(size=(ROWS, POINTS)).round(6)
    with tempfile.TemporaryDirectory() as name:
        bundle = load(export(from_sklearn(train().folds), Path(name) / "model"), threads=1)
        json_body = json.dumps({"spectra": rows.tolist()}).encode()
        by_lists = msgspec.json.Decoder(Lists).decode
        bodies = {kind: make(rows) for kind, make in BODIES.items()}

        def read(kind: str) -> Any:
            return media.decode(bodies[kind], KINDS.get(kind, kind), b"", missing=False, largest=LARGEST)

        def predicted(question: Any, spectra: Any) -> Any:
            return bundle.predict_full(spectra, question.axis, **question.how())

        def whole(kind: str) -> bytes:
            question, spectra = read(kind)
            return npy.encode("model", bundle, question, predicted(question, spectra))

        body, length = tensor(rows)

        def inference() -> bytes:
            asked, question, spectra = open_inference.decode(body, length)
            return open_inference.encode(
                "model", "1", asked, bundle.predict_full(spectra, question.axis, **question.how())
            )[0]

        decoding: dict[str, Callable[[], Any]] = {"msgspec + np.array": lambda: np.array(by_lists(json_body).spectra)}
        decoding |= {kind: lambda kind=kind: read(kind) for kind in bodies}  # type: ignore[misc]
        decoding["OIP, binary"] = lambda: open_inference.decode(body, length)
        answering: dict[str, Callable[[], Any]] = {kind: lambda kind=kind: whole(kind) for kind in bodies}  # type: ignore[misc]
        answering["OIP, binary"] = inference
        table("decode", decoding, repeats, "msgspec + np.array")
        table("decode, predict, encode", answering, repeats, "application/x-npy")


def tensor(rows: Any) -> tuple[bytes, str]:
    parameters = {"binary_data_size": rows.nbytes}
    spectra = {"name": "spectra", "shape": rows.shape, "datatype": "FP64", "parameters": parameters}
    wanted = [{"name": "value", "parameters": {"binary_data": True}}]
    head = json.dumps({"inputs": [spectra], "outputs": wanted}).encode()
    return head + rows.tobytes(), str(len(head))


def stream(frame: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, frame.schema) as writer:
        writer.write_table(frame)
    return bytes(sink.getvalue())


def columns(rows: Any) -> Any:
    return pa.table({f"p{i}": column for i, column in enumerate(rows.T)})


def of_npy(rows: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, rows)
    return file.getvalue()


def of_parquet(rows: Any) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(columns(rows), sink)
    return bytes(sink.getvalue())


def of_lists(rows: Any) -> bytes:
    return stream(pa.table({"spectra": pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), POINTS)}))


KINDS = {"Arrow, a list column": ARROW, "Arrow, a column for each point": ARROW}
BODIES: dict[str, Callable[[Any], bytes]] = {
    "application/json": lambda rows: json.dumps({"spectra": rows.tolist()}).encode(),
    "application/x-npy": of_npy,
    "Arrow, a list column": of_lists,
    "Arrow, a column for each point": lambda rows: stream(columns(rows)),
    "application/vnd.apache.parquet": of_parquet,
    "text/csv": lambda rows: "\n".join(",".join(map(repr, row)) for row in rows.tolist()).encode(),
}


def table(what: str, ways: dict[str, Callable[[], Any]], repeats: int, base: str) -> None:
    """Medians, each way asked in turn."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(repeats + 1):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            if number:  # the first one loads what it needs
                times[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(found) for name, found in times.items()}
    print(f"\n| {what} | ms | of {base} |\n|---|---|---|")
    for name, median in medians.items():
        print(f"| {name} | {median * 1e3:.2f} | {median / medians[base]:.2f}× |")


if __name__ == "__main__":
    main()
