"""The models that are served: which there are, what they are, and to look again for what changed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.status_codes import HTTP_200_OK

from ..auth import covers
from ..desk import Desk
from ..errors import Unavailable, UnknownModel
from ..problems import problem
from ..record import of
from ..repository import Repository
from ..served import Served
from ..slot import Slot
from .answers import Given, json

__all__ = ["get_model", "get_version", "list_models", "reload_all", "reload_model", "troubles"]

log = logging.getLogger("n4akit.serve")

BRIEFLY = ("digest", "settings", "profile", "n_features", "targets")


@get("/v1/models")
async def list_models(request: Request[Any, Any, Any], desk: Given) -> Response[bytes]:
    """All models that the client may ask about, and what is wrong with those that could not be loaded, or not again."""
    return json(_listing(desk.repository, of(request.scope).models))


@get("/v1/models/{name:str}")
async def get_model(desk: Given, name: FromPath[str]) -> Response[bytes]:
    """What there is to know about one model: its default version, or that of the alias in `name@alias`."""
    return await _told(desk.repository, name, None)


@get("/v1/models/{name:str}/versions/{version:str}")
async def get_version(desk: Given, name: FromPath[str], version: FromPath[str]) -> Response[bytes]:
    """What there is to know about one version, by its name or by an alias."""
    return await _told(desk.repository, name, version)


@post("/v1/models/{name:str}/reload", status_code=HTTP_200_OK)
async def reload_model(desk: Given, name: FromPath[str]) -> Response[bytes]:
    """Look now for what changed in one model; 409 with the reasons when something of it cannot be served."""
    await _look(desk, name)
    served = desk.repository.models.get(name)
    if served is None:
        raise UnknownModel(f"no model {name!r} is there, neither before nor now")
    failed = troubles(served)
    if failed:
        reasons = "; ".join(reason for one in failed for reason in one["problems"])
        return problem(409, "not all can be served", f"what was served goes on: {reasons}", failed=failed)
    return json(_summary(served))


@post("/v1/reload", status_code=HTTP_200_OK)
async def reload_all(desk: Given) -> Response[bytes]:
    """Look now for what changed in all models, and list them."""
    await _look(desk, None)
    return json(_listing(desk.repository))


def troubles(served: Served) -> list[dict[str, Any]]:
    """All that is wrong with a model, by version where it is one version's."""
    return [
        {"name": served.name, **({} if version is None else {"version": version}), "problems": problems}
        for version, problems in served.troubles()
    ]


async def _look(desk: Desk, name: str | None) -> None:
    try:
        await desk.repository.look(patient=False, only=name)
    except OSError as error:
        log.warning("the models cannot be looked at: %s", error)
        raise Unavailable("the folders of models cannot be read now; what was served goes on") from None
    desk.watch.tell_others()


async def _told(repository: Repository, name: str, version: str | None) -> Response[bytes]:
    slot = repository.find(name, version)
    if slot.facts is None:
        await repository.get(slot.name, slot.version)
        slot = repository.find(slot.name, slot.version)
    served = repository.models.get(slot.name)
    family = {} if served is None else {"versions": [*served.slots], "aliases": served.aliases}
    return json({"name": slot.name, "version": slot.version, **family, **(slot.facts or {})})


def _listing(repository: Repository, asked: Sequence[str] = ("*",)) -> dict[str, Any]:
    models = [one for name, one in sorted(repository.models.items()) if covers(asked, name)]
    return {
        "models": [_summary(one) for one in models if one.sound],
        "failed": [trouble for one in models for trouble in troubles(one)],
        "memory": repository.memory,
    }


def _summary(served: Served) -> dict[str, Any]:
    slot = served.default
    return {
        "name": served.name,
        **({"version": slot.version, **_brief(slot)} if slot else {}),
        "versions": {version: {"digest": one.digest, **_held(one)} for version, one in served.slots.items()},
        "aliases": served.aliases,
    }


def _brief(slot: Slot) -> dict[str, Any]:
    # Of a bundle that was not loaded yet there is nothing to tell.
    return {} if slot.facts is None else {name: slot.facts[name] for name in BRIEFLY}


def _held(slot: Slot) -> dict[str, Any]:
    """Whether it is in memory, and what it takes there."""
    model = slot.model
    return {"loaded": model is not None, "bytes": slot.weight if model is not None else 0}
