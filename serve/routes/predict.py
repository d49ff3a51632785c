"""Predictions for spectra, in any of the forms of `protocols.media`."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from litestar import MediaType, Request, post
from litestar.params import FromPath
from litestar.status_codes import HTTP_200_OK

from ...bundle import Bundle, Result
from ..answering import Read, answered, read_at_once
from ..protocols import media, npy
from ..protocols.compression import decompressed
from ..protocols.predicted import contributions
from ..slot import Model
from .answers import Answer, Given, body_of, headers_of, media_type

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
    body = body_of(request.scope)
    read = partial(_read, model.bundle, desk.settings.max_decoded, form, body)
    at_once, tells_at_once = form.reads_at_once(len(body)), form.tells_at_once
    tell = partial(_tell, model)
    return await answered(request, desk, model, read, tell, at_once=at_once, tells_at_once=tells_at_once)


class Form(NamedTuple):
    """What the head of a request says of its body, and of the answer."""

    kind: str
    encoding: str
    accept: str
    query: bytes

    @classmethod
    def of(cls, scope: Any) -> Form:
        kind, encoding, accept = headers_of(scope, b"content-type", b"content-encoding", b"accept")
        return cls(media_type(kind), encoding, accept, scope["query_string"])

    def reads_at_once(self, size: int) -> bool:
        """Whether a body of so many bytes is: no library is loaded for it, and it grows no larger."""
        if self.encoding or _needs_a_library(self.kind):
            return False
        return read_at_once(0, size) if self.kind == npy.MEDIA_TYPE else read_at_once(size)

    @property
    def tells_at_once(self) -> bool:
        """The same of the answer."""
        return not _needs_a_library(self.accept)


def _needs_a_library(kinds: str) -> bool:
    return "apache" in kinds  # pyarrow, which is loaded when it is first needed


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
