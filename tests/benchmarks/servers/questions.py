"""What a server is asked, as bytes, and where in its answer the values are."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["Question", "arrow", "npy", "open_inference", "plain", "tensor"]

Matrix = NDArray[np.float64]
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, eq=False)
class Question:
    """A request, and what of the JSON in its answer are the values."""

    path: str
    body: bytes
    values: Callable[[Any], Any]
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)

    def asked(self, port: int) -> tuple[int, bytes]:
        """Status and body of the answer of whoever listens on loopback."""
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("POST", self.path, self.body, dict(self.headers))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


def plain(path: str, rows: Matrix, name: str, values: Callable[[Any], Any], **members: Any) -> Question:
    """A list for each spectrum, under a name."""
    return Question(path, _json({name: rows.tolist(), **members}), values)


def npy(path: str, rows: Matrix, values: Callable[[Any], Any]) -> Question:
    """An array as NumPy saves it."""
    file = io.BytesIO()
    np.save(file, rows)
    return Question(path, file.getvalue(), values, {"Content-Type": "application/x-npy"})


def arrow(path: str, rows: Matrix, values: Callable[[Any], Any]) -> Question:
    """A stream of Arrow with one column, of lists of fixed length."""
    table = pa.table({"spectra": pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), rows.shape[1])})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    kind = {"Content-Type": "application/vnd.apache.arrow.stream"}
    return Question(path, bytes(sink.getvalue()), values, kind)


def open_inference(path: str, rows: Matrix, name: str) -> Question:
    """The Open Inference Protocol, in JSON."""
    tensor = {"name": name, "shape": rows.shape, "datatype": "FP64", "data": rows.reshape(-1).tolist()}
    return Question(path, _json({"inputs": [tensor]}), lambda said: said["outputs"][0]["data"])


def tensor(path: str, rows: Matrix, name: str, wanted: str) -> Question:
    """The Open Inference Protocol, its tensor in bytes behind the JSON."""
    parameters = {"binary_data_size": rows.nbytes}
    given = {"name": name, "shape": rows.shape, "datatype": "FP64", "parameters": parameters}
    head = _json({"inputs": [given], "outputs": [{"name": wanted}]})
    headers = {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(len(head))}
    return Question(path, head + rows.tobytes(), lambda said: said["outputs"][0]["data"], headers)


def _json(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
