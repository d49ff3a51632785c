"""Schemathesis reads the OpenAPI document and asks what nobody here thought of; the answers are as described."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from n4akit.serve.app import create_app
from n4akit.serve.routes import INTERFACE
from n4akit.serve.settings import Settings

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")

MODELS = ("fat", "plain")
CHECKS = [
    schemathesis.checks.not_a_server_error,
    schemathesis.checks.status_code_conformance,
    schemathesis.checks.content_type_conformance,
    schemathesis.checks.response_schema_conformance,
]


@pytest.mark.filterwarnings("default")
def test_whatever_is_asked_is_answered_as_described(models: Path) -> None:
    app = create_app(Settings(tuple(models / f"{name}.n4a" for name in MODELS)))
    api = schemathesis.openapi.from_asgi("/schema/openapi.json", app)
    asked = 0
    for found in api.get_all_operations():
        operation = found.ok()

        @settings(max_examples=20, deadline=None, database=None, suppress_health_check=[*HealthCheck])
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            if "name" in case.path_parameters:
                case.path_parameters["name"] = MODELS[len(str(case.path_parameters["name"])) % 2]
            reply = case.call()
            case.validate_response(reply, checks=CHECKS)

        ask()
        asked += 1
    # And the page of the document; the document itself it has read.
    assert asked == len([path for route in INTERFACE for path in route.paths]) + 1
