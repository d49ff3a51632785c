"""Predictions for spectra, in any of the forms of `protocols.media`."""

from __future__ import annotations

from functools import lru_cache, partial

from litestar import MediaType, post
from litestar.params import FromPath
from litestar.status_codes import HTTP_200_OK
from litestar.types import Scope

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
    scope: Scope,
    desk: Given,
    name: FromPath[str],
    version: FromPath[str | None] = None,
) -> Answer:
    """Predictions for spectra, by the default version unless one is named."""
    model = await desk.repository.get(name, version)
    form = form_of(*headers_of(scope, b"content-type", b"content-encoding", b"accept"))
    body = body_of(scope)
    read = partial(_read, model.bundle, desk.settings.max_decoded, form, body, scope["query_string"])
    at_once, tells_at_once = form.reads_at_once(len(body)), form.tells_at_once
    tell = partial(_tell, model)
    return await answered(scope, desk, model, read, tell, at_once=at_once, tells_at_once=tells_at_once)


class Form:
    """What the head of a request says of its body, and of the answer."""

    def __init__(self, content_type: bytes, encoding: bytes, accept: bytes) -> None:
        self.kind = media_type(content_type)
        self.encoding = encoding.decode("latin-1")
        self.accept = accept.decode("latin-1")
        self.tells_at_once = not _needs_a_library(self.accept)
        """Whether the answer is told in this turn of the loop: no library is loaded for it."""

    def reads_at_once(self, size: int) -> bool:
        """The same of a body of so many bytes, which grows no larger."""
        if self.encoding or _needs_a_library(self.kind):
            return False
        return read_at_once(0, size) if self.kind == npy.MEDIA_TYPE else read_at_once(size)


form_of = lru_cache(64)(Form)  # clients choose how long each is


def _needs_a_library(kinds: str) -> bool:
    return "apache" in kinds  # pyarrow, which is loaded when it is first needed


def _read(bundle: Bundle, largest: int, form: Form, body: bytes, query: bytes) -> Read:
    kind, encode = media.encoder(form.accept)  # before any work
    content = decompressed(body, form.encoding, largest)
    question, spectra = media.decode(content, form.kind, query, missing=bundle.missing_values, largest=largest)
    media.check_told(kind, question)
    return Read(question, spectra, (kind, encode))


def _tell(model: Model, asked: Read, result: Result) -> Answer:
    kind, encode = asked.how
    told = contributions(model.bundle, asked.question, asked.spectra)
    headers = {} if kind == MediaType.JSON else media.headers(result)
    content = encode(model.name, model.bundle, asked.question, result, told)
    return Answer(content, kind, headers)
