"""MLServer's own runtime for scikit-learn, which predicts with the chain."""

from __future__ import annotations

import os

from mlserver_sklearn import SKLearnModel

from .chain import load


class Served(SKLearnModel):
    async def load(self) -> bool:
        self._model = load(os.environ["MODEL"])
        return True
