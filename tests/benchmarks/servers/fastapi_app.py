"""FastAPI as its tutorial writes it, in JSON, and with an array as NumPy saves it."""

from __future__ import annotations

import io
import os

import numpy as np
from fastapi import FastAPI, Request
from pydantic import BaseModel

from .chain import load

model = load(os.environ["MODEL"])
app = FastAPI()


class Spectra(BaseModel):
    spectra: list[list[float]]


class Values(BaseModel):
    values: list[float]


@app.post("/predict")
async def predict(asked: Spectra) -> Values:
    return Values(values=model.predict(np.array(asked.spectra)).tolist())


@app.post("/npy")
async def npy(request: Request) -> Values:
    spectra = np.load(io.BytesIO(await request.body()), allow_pickle=False)
    return Values(values=model.predict(spectra).tolist())
