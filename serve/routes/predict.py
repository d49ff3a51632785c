"""Predictions for spectra, in any of the forms of `protocols.media`."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from litestar import MediaType, Request, post
from litestar.params import FromPath
from litestar.status_codes import HTTP_200_OK

from ...bundle import Bundle, Result
from ..answering import AT_ONCE, Read, answered
from ..protocols import media
from ..protocols.compression import decompressed
from ..protocols.predicted import contributions
from ..slot import Model
from .answers import Answer, Given, body_of, headers_of

__all__ = ["predict"]


@post(
    ["/v1/models/{name:str}/predict", "/v1/models/{name:str}/versions/{version:str}/predict"], status_code=HTTP_200_OK
)
async def predict(
    request: Request[Any, Any, Any],
    desk: Given,
    name: FromPath[str],
    version: FromPath[str | None] = None,
) -> Answer:
    """Predictions for spectra, by the default version unless one is named."""
    model = await desk.repository.get(name, version)
    form = Form.of(request.scope)
    body = await body_of(request)
    read = partial(_read, model.bundle, desk.settings.max_decoded, form, body)
    at_once = len(body) <= AT_ONCE and form.light
    return await answered(request, desk, model, read, partial(_tell, model), at_once=at_once)


class Form(NamedTuple):
    """What the head of a request says of its body, and of the answer."""

    kind: str
    encoding: str
    accept: str
    query: bytes

    @classmethod
    def of(cls, scope: Any) -> Form:
        kind, encoding, accept = headers_of(scope, b"content-type", b"content-encoding", b"accept")
        return cls(kind.partition(";")[0].strip().lower(), encoding, accept, scope["query_string"])

    @property
    def light(self) -> bool:
        """Whether a small body of this form is read at once: no library is loaded for it, and it stays small."""
        return not self.encoding and "apache" not in self.kind and "apache" not in self.accept


def _read(bundle: Bundle, largest: int, form: Form, body: bytes) -> Read:
    media.encoder(form.accept)  # before any work
    content = decompressed(body, form.encoding, largest)
    question, spectra = media.decode(content, form.kind, form.query, missing=bundle.missing_values, largest=largest)
    return Read(question, spectra, media.encoder(form.accept, question))


def _tell(model: Model, asked: Read, result: Result) -> Answer:
    kind, encode = asked.how
    told = contributions(model.bundle, asked.question, asked.spectra)
    headers = {} if kind == MediaType.JSON else media.headers(result)
    content = encode(model.name, model.bundle, asked.question, result, told)
    return Answer(content, kind, headers)
