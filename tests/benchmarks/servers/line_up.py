"""Who takes part, how each is started, and what it is asked."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .environments import python
from .process import Process, started
from .questions import Question, arrow, npy, open_inference, plain, tensor

__all__ = ["CONTESTANTS", "Contestant", "Models", "ours"]

Matrix = NDArray[np.float64]
Asked = Callable[[Matrix], Question]

HERE = Path(__file__).parents[1]


@dataclass(frozen=True, eq=False)
class Models:
    """The same fitted objects in files: two bundles, the second with what its calibration tells, and joblib's; and what
    is written beside them for those who want more.
    """

    folder: Path
    bundle: Path
    calibrated: Path
    joblib: Path
    points: int


@dataclass(frozen=True, eq=False)
class Contestant:
    """A server. `prepared` makes what it needs of an interpreter, the models and a port: the rest of its command."""

    title: str
    prepared: Callable[[Path, Models, int], Sequence[str]]
    asked: Mapping[str, Asked]
    """What can be asked, by kind of body."""
    environment: str = "n4akit"
    model: Callable[[Models], Path] = lambda models: models.joblib
    variables: Callable[[int], Mapping[str, str]] = lambda port: {}
    predicts: bool = True

    @contextmanager
    def started(self, models: Models, environments: Path, core: int) -> Iterator[Process]:
        """It, in a process."""
        interpreter = python(environments, self.environment)
        port = free()
        command = self.prepared(interpreter, models, port)
        variables = _variables(interpreter, self.model(models)) | dict(self.variables(port))
        with started(command, variables, port, core, models.folder) as process:
            yield process


def free() -> int:
    """A port that nobody listens on; the two after it are most likely free too."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _variables(interpreter: Path, model: Path) -> dict[str, str]:
    """This process's environment without settings of ours; the servers and this checkout are found, as is the
    interpreter's folder, where some look for the programs that they start.
    """
    left_out = ("N4A_", "PYTHONDONTWRITEBYTECODE")  # as installed: with the bytecode that pip or the first start left
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    return inherited | {
        "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parents[1] / ".path")]),
        "PATH": os.pathsep.join([str(interpreter.parent), os.environ["PATH"]]),
        "MODEL": str(model),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "BENTOML_DO_NOT_TRACK": "True",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
    }


# Ours


def ours(*options: str, of: Callable[[Models], Path]) -> Callable[[Path, Models, int], Sequence[str]]:
    """`n4a serve` of a bundle or a folder."""
    return lambda interpreter, models, port: (
        *(str(interpreter), "-m", "n4akit.serve.cli", "serve", str(of(models)), "--port", str(port), *options),
    )


def _predict(name: str, **members: object) -> Asked:
    return lambda rows: plain(f"/v1/models/{name}/predict", rows, "spectra", itemgetter("values"), **members)


OURS: Mapping[str, Asked] = {
    "JSON": _predict("model"),
    "full": _predict("model", full=True),
    "npy": lambda rows: npy("/v1/models/model/predict", rows, itemgetter("values")),
    "Arrow": lambda rows: arrow("/v1/models/model/predict", rows, itemgetter("values")),
    "OIP": lambda rows: tensor("/v2/models/model/infer", rows, "spectra", "value"),
}


# Those of others


def _uvicorn(app: str) -> Callable[[Path, Models, int], Sequence[str]]:
    quick = ("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning")
    return lambda interpreter, models, port: (
        *(str(interpreter), "-m", "uvicorn", app, "--host", "127.0.0.1", "--port", str(port), *quick),
    )


LITESTAR: Mapping[str, Asked] = {
    "JSON": lambda rows: plain("/predict", rows, "spectra", itemgetter("values")),
    "full": lambda rows: plain("/predict", rows, "spectra", itemgetter("values"), full=True),
}
"""Asked for the full record too, of which it knows nothing: so that there is a neighbour to compare with."""
FASTAPI: Mapping[str, Asked] = {
    "JSON": lambda rows: plain("/predict", rows, "spectra", itemgetter("values")),
    "npy": lambda rows: npy("/npy", rows, itemgetter("values")),
}


def _mlserver(**batching: float) -> Callable[[Path, Models, int], Sequence[str]]:
    def prepared(interpreter: Path, models: Models, port: int) -> Sequence[str]:
        folder = models.folder / ("mlserver batching" if batching else "mlserver")
        folder.mkdir(exist_ok=True)
        # More processes than this one do not start with what pip installs today (MLServer 1.7.1).
        (folder / "settings.json").write_text(json.dumps({"parallel_workers": 0, "debug": False}))
        model = {"name": "model", "implementation": "servers.mlserver_runtime.Served", **batching}
        (folder / "model-settings.json").write_text(json.dumps(model))
        return str(interpreter.with_name("mlserver")), "start", str(folder)

    return prepared


def _mlserver_ports(port: int) -> Mapping[str, str]:
    names = ("MLSERVER_HTTP_PORT", "MLSERVER_GRPC_PORT", "MLSERVER_METRICS_PORT")
    return {"MLSERVER_HOST": "127.0.0.1"} | {name: str(port + number) for number, name in enumerate(names)}


def _bentoml(service: str) -> Callable[[Path, Models, int], Sequence[str]]:
    return lambda interpreter, models, port: (
        *(str(interpreter.with_name("bentoml")), "serve", f"servers.bentoml_service:{service}"),
        *("--working-dir", str(HERE), "--host", "127.0.0.1", "--port", str(port)),
    )


def _mlflow(interpreter: Path, models: Models, port: int) -> Sequence[str]:
    folder = models.folder / "mlflow"
    if not folder.exists():
        save = ("-m", "servers.mlflow_model", str(models.joblib), str(folder), str(models.points))
        variables = _variables(interpreter, models.joblib)
        subprocess.run([interpreter, *save], env=variables, check=True, capture_output=True)
    place = ("--env-manager", "local", "-h", "127.0.0.1", "-p", str(port), "-w", "1")
    return str(interpreter.with_name("mlflow")), "models", "serve", "-m", str(folder), *place


MLSERVER: Mapping[str, Asked] = {
    "JSON": lambda rows: open_inference("/v2/models/model/infer", rows, "predict"),
}
BENTOML: Mapping[str, Asked] = {"JSON": lambda rows: plain("/predict", rows, "spectra", list)}
MLFLOW: Mapping[str, Asked] = {"JSON": lambda rows: plain("/invocations", rows, "inputs", itemgetter("predictions"))}

CONTESTANTS: Mapping[str, Contestant] = {
    "n4akit": Contestant("n4akit", ours(of=lambda models: models.bundle), OURS),
    "calibrated": Contestant(
        "n4akit, with a calibration",
        ours(of=lambda models: models.calibrated),
        {"JSON": _predict("calibrated"), "full": _predict("calibrated", full=True)},
    ),
    "litestar": Contestant("Litestar, decodes only", _uvicorn("servers.litestar_app:app"), LITESTAR, predicts=False),
    "fastapi-n4akit": Contestant(
        "FastAPI + load().predict",
        _uvicorn("servers.fastapi_app:app"),
        FASTAPI,
        "fastapi",
        model=lambda models: models.bundle,
    ),
    "fastapi": Contestant("FastAPI + scikit-learn", _uvicorn("servers.fastapi_app:app"), FASTAPI, "fastapi"),
    "mlserver": Contestant("MLServer", _mlserver(), MLSERVER, "mlserver", variables=_mlserver_ports),
    "mlserver-batching": Contestant(
        "MLServer, batches of 64 or 5 ms",
        _mlserver(max_batch_size=64, max_batch_time=0.005),
        MLSERVER,
        "mlserver",
        variables=_mlserver_ports,
    ),
    "bentoml": Contestant("BentoML", _bentoml("Single"), BENTOML, "bentoml"),
    "bentoml-batching": Contestant("BentoML, batchable", _bentoml("Batching"), BENTOML, "bentoml"),
    "mlflow": Contestant("MLflow", _mlflow, MLFLOW, "mlflow"),
}
