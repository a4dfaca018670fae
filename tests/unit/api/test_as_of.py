"""The past by HTTP: the same lists, the same shapes, and clear words for what cannot be."""

from __future__ import annotations

import pytest

from streams.contracts.envelope import rfc3339
from tests.integration.log_of_facts import T0
from tests.unit.api.conftest import AGENTS, RunningApi

LISTS = ["/agents", "/fleet", "/findings", "/actions"]


@pytest.mark.parametrize("path", LISTS)
def test_before_the_log_there_is_nothing(api: RunningApi, path: str) -> None:
    with api.client() as client:
        answer = client.get(f"/api/v1{path}", params={"as_of": rfc3339(T0 - 1)})
    assert answer.status_code == 200
    found = answer.json()
    assert found.get("items", found.get("agent_id")) == []


@pytest.mark.parametrize("path", [*LISTS, "/agents/web-0"])
@pytest.mark.parametrize("moment", ["2999-01-01T00:00:00Z", "yesterday", "2026-01-01T00:00:00"])
def test_what_is_no_past_moment_is_refused_by_name(api: RunningApi, path: str, moment: str) -> None:
    with api.client() as client:
        answer = client.get(f"/api/v1{path}", params={"as_of": moment})
    assert answer.status_code == 422
    assert "as_of" in answer.text


def test_an_agent_is_as_it_was(api: RunningApi) -> None:
    with api.client() as client:
        agents = client.get("/api/v1/agents", params={"as_of": rfc3339(T0 + 1e6)}).json()["items"]
        assert len(agents) == AGENTS
        unknown = client.get("/api/v1/agents/web-0", params={"as_of": rfc3339(T0 - 1)})
    assert unknown.status_code == 404


def test_epoch_seconds_are_a_moment_too(api: RunningApi) -> None:
    with api.client() as client:
        before = client.get("/api/v1/findings", params={"as_of": str(int(T0))}).json()["items"]
        after = client.get("/api/v1/findings", params={"as_of": str(int(T0) + 2)}).json()["items"]
    assert before == []
    assert [found["finding_id"] for found in after] == ["finding-1"]


def test_a_past_list_filters_by_what_was_then(api: RunningApi) -> None:
    with api.client() as client:
        asked = {"as_of": rfc3339(T0 + 1.3), "state": "granted"}
        then = client.get("/api/v1/actions", params=asked).json()["items"]
        now = client.get("/api/v1/actions", params={"state": "granted"}).json()["items"]
    assert [action["action_id"] for action in then] == ["action-1"]
    assert now == []


def test_events_end_at_the_moment(api: RunningApi) -> None:
    with api.client() as client:
        asked = {"as_of": rfc3339(T0 + 1.15), "type": ["action.proposed", "action.granted"]}
        events = client.get("/api/v1/events", params=asked).json()["items"]
    assert [event["type"] for event in events] == ["action.proposed"]


def test_the_parts_have_no_past(api: RunningApi) -> None:
    with api.client() as client:
        answer = client.get("/api/v1/system/health", params={"as_of": rfc3339(T0)})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"] == "as_of"
    assert "not kept" in error["remedy"]
