"""The OpenAPI document is complete: who reads only it can use all of it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from api import errors
from api.app import create_app
from api.identity.session import COOKIE
from api.openapi.completing import EXAMPLES, SESSION
from api.schemas import (
    actions,
    agents,
    common,
    conversations,
    events,
    findings,
    fleet,
    incidents,
    operations,
    policy,
    responses,
    session,
    shipped_policy,
    silences,
    system,
    what_if,
)
from api.schemas import audit as trail
from api.schemas import telemetry as measured
from api.schemas import tokens as given_out
from config.settings import Settings
from streams.contracts.trust import Signer
from streams.kafka.connection import Connection
from tests.contracts.json_schema import resolved

GIVEN: dict[str, Any] = yaml.safe_load(EXAMPLES.read_text(encoding="utf-8"))
PARTS = (
    actions,
    agents,
    common,
    conversations,
    errors,
    events,
    findings,
    fleet,
    given_out,
    incidents,
    measured,
    operations,
    policy,
    responses,
    session,
    shipped_policy,
    silences,
    system,
    trail,
    what_if,
)
MODELS = {
    name: model
    for part in PARTS
    for name, model in vars(part).items()
    if isinstance(model, type) and issubclass(model, BaseModel)
}
OPEN = {"/healthz", "/asyncapi.json"}


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = tmp_path_factory.mktemp("openapi")
    app = create_app(Settings(home=home), Connection("127.0.0.1:1"), Signer(b"x" * 32))
    made = app.openapi()
    assert app.openapi() is made
    return made


@pytest.fixture(scope="module")
def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    found = [(m, p, o) for p, methods in document["paths"].items() for m, o in methods.items()]
    assert len(found) >= 25
    return found


def test_every_operation_has_a_readable_name_of_its_own(operations) -> None:
    names = [operation["operationId"] for _, _, operation in operations]
    assert [name for name, times in Counter(names).items() if times > 1] == []
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in names), names


def test_names_that_clients_are_made_of_stay_as_they_are(operations) -> None:
    names = {f"{m.upper()} {p}": operation["operationId"] for m, p, operation in operations}
    assert (
        names
        | {
            "GET /api/v1/agents": "list_agents",
            "GET /api/v1/agents/{agent_id}": "get_agent",
            "GET /api/v1/agents/{agent_id}/metrics": "list_agent_metrics",
            "GET /api/v1/agents/{agent_id}/events": "list_agent_events",
            "POST /api/v1/agents/{agent_id}/metrics": "report_agent_metrics",
            "GET /api/v1/findings/{finding_id}/chain": "get_finding_chain",
            "POST /api/v1/actions": "request_action",
            "POST /api/v1/actions/{action_id}/approve": "approve_action",
            "PUT /api/v1/policy": "replace_policy",
            "GET /api/v1/system/health": "get_system_health",
            "GET /api/v1/dead-letters": "list_dead_letters",
            "GET /metrics": "list_metrics",
        }
        == names
    )


def test_every_operation_says_what_it_does_under_a_tag_that_is_described(
    document, operations
) -> None:
    described = {tag["name"]: tag["description"] for tag in document["tags"]}
    assert all(described.values())
    used = {tag for _, _, operation in operations for tag in operation["tags"]}
    assert used == described.keys()
    for method, path, operation in operations:
        assert operation["summary"], (method, path)
        assert operation["description"], (method, path)


def test_every_way_to_sign_in_is_declared_and_asked_for(document, operations) -> None:
    schemes = document["components"]["securitySchemes"]
    assert schemes["HTTPBearer"]["scheme"] == "bearer"
    assert schemes[SESSION]["name"] == COOKIE
    assert all(scheme["description"] for scheme in schemes.values())
    for method, path, operation in operations:
        ways = {way for one in operation.get("security", []) for way in one}
        assert ways == (set() if path in OPEN else schemes.keys()), (method, path)


def test_every_body_and_every_answer_shows_an_example(document, operations) -> None:
    for method, path, operation in operations:
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        bodies += [answer for code, answer in operation["responses"].items() if code != "204"]
        for body in bodies:
            for media_type, content in body.get("content", {}).items():
                if media_type in ("application/json", "application/problem+json"):
                    shown = _example(document, content)
                    assert shown or path in OPEN, (method, path, media_type)


def _example(document: dict[str, Any], content: dict[str, Any]) -> Any:
    schema = content.get("schema", {})
    if "$ref" in schema:
        schema = resolved(document, schema["$ref"])
    return content.get("example") or schema.get("example") or schema.get("examples")


def test_every_refusal_is_told_with_its_problem(operations) -> None:
    for method, path, operation in operations:
        if path in OPEN:
            continue
        told = operation["responses"].keys()
        for code in told - {"200", "201", "202", "204", "304"}:
            content = operation["responses"][code]["content"]
            assert content.keys() == {errors.MEDIA_TYPE}, (method, path, code)
        assert {"401", "403", "422", "503"} <= told, (method, path)
        if "requestBody" in operation:
            assert {"413"} <= told, (method, path)


@pytest.mark.parametrize("name", GIVEN)
def test_an_example_is_what_its_model_would_say(name: str) -> None:
    model = MODELS[name]
    shown = model.model_validate(GIVEN[name]).model_dump(mode="json", exclude_unset=True)
    assert shown == GIVEN[name]
    assert issubclass(model, common.Body) or model.model_fields.keys() == GIVEN[name].keys()


def test_examples_of_bodies_are_accepted(document) -> None:
    bodies = [name for name, model in MODELS.items() if issubclass(model, common.Body)]
    shown = document["components"]["schemas"]
    for name in bodies:
        if name in shown:
            assert MODELS[name].model_validate(shown[name]["example"])


def test_every_reference_leads_somewhere(document) -> None:
    text = str(document)
    for reference in set(re.findall(r"'\$ref': '([^']+)'", text)):
        assert resolved(document, reference), reference


def test_examples_are_of_models_that_are_there(document) -> None:
    assert GIVEN.keys() <= document["components"]["schemas"].keys()
    assert Path(EXAMPLES).is_file()
