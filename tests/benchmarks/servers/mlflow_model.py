"""Save the chain as a model that MLflow serves, with a signature as its documents advise.

Run: python -m servers.mlflow_model JOBLIB FOLDER POINTS
"""

from __future__ import annotations

import sys
from typing import Any

import mlflow
import numpy as np
from mlflow.models import ModelSignature
from mlflow.types.schema import Schema, TensorSpec

from .chain import load


class Served(mlflow.pyfunc.PythonModel):
    def load_context(self, context: Any) -> None:
        self.model = load(context.artifacts["model"])

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
        return self.model.predict(np.asarray(model_input))


def main() -> None:
    joblib, folder, points = sys.argv[1:]
    spectra, values = ((-1, int(points)), (-1,))
    signature = ModelSignature(*(Schema([TensorSpec(np.dtype(np.float64), shape)]) for shape in (spectra, values)))
    mlflow.pyfunc.save_model(
        folder, python_model=Served(), artifacts={"model": joblib}, signature=signature, pip_requirements=["mlflow"]
    )


if __name__ == "__main__":
    main()
