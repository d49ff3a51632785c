"""The floor: Litestar decodes the body with msgspec, and answers without predicting."""

from __future__ import annotations

import msgspec
from litestar import Litestar, post


class Spectra(msgspec.Struct):
    spectra: list[list[float]]


class Values(msgspec.Struct):
    values: list[float]


@post("/predict", status_code=200)
async def predict(data: Spectra) -> Values:
    return Values([float(len(each)) for each in data.spectra])


app = Litestar([predict], request_max_body_size=64 << 20)
