"""How well agents work and what was judged of their conversations, as the API tells it."""

from __future__ import annotations

import pytest

from processors.step import Fact
from streams.contracts.events.conversation import ConversationAssessed, LeakSeen
from streams.contracts.events.performance import AgentPerformanceChanged
from tests.integration.log_of_facts import T0, sealed
from tests.unit.api.conftest import RunningApi

API = "/api/v1"
SCORES = {"web-1": ("poor", 41.0), "web-2": ("excellent", 97.5), "web-3": ("poor", 44.5)}
SEEN = LeakSeen("email", "assistant", T0 + 60, 9, 12, "a…@…")


def worked(agent: str, level: str, score: float) -> Fact:
    told = AgentPerformanceChanged(
        level, "", score, {"response": 0.5}, 120.0, 140.0, None, None, None, None, 1
    )
    return Fact(f"default/{agent}", told, T0 + 60)


def spoke(name: str, at: float, leaks: dict[str, int], agent: str = "web-1") -> Fact:
    evidence = [SEEN] if leaks else []
    told = ConversationAssessed(
        name, T0, at, 3, 2, 0.5, {"empty": 1}, leaks, evidence, 60.0, 8, "mistral:7b"
    )
    return Fact(f"default/{agent}", told, at)


@pytest.fixture(scope="module")
def work(api: RunningApi) -> RunningApi:
    facts = [worked(agent, *told) for agent, told in SCORES.items()]
    facts += [spoke(f"c-{n}", T0 + n, {"email": 1} if n == 2 else {}) for n in range(5)]
    facts += [spoke("c-0", T0 + 9, {})]
    records = sealed("surveillance", "telemetry", 1, list(enumerate(facts, 100)))
    api.views.write(api.log.records(records))
    return api


def test_agents_are_found_and_sorted_by_performance(work):
    with work.client("viewer") as client:

        def ids(**asked):
            found = client.get(f"{API}/agents", params=asked).json()["items"]
            return [agent["agent_id"] for agent in found]

        assert ids(performance="poor") == ["web-1", "web-3"]
        assert ids(sort="performance") == ["web-1", "web-3", "web-2"]
        assert ids(sort="performance", text="web-3") == ["web-3"]
        assert ids(sort="performance", as_of=T0 + 61) == ["web-1", "web-3", "web-2"]
        assert ids(performance="poor", as_of=T0 + 59) == []
        first = client.get(f"{API}/agents", params={"sort": "performance", "limit": 2}).json()
        rest = client.get(
            f"{API}/agents", params={"sort": "performance", "cursor": first["next"]}
        ).json()
        assert [agent["agent_id"] for agent in rest["items"]] == ["web-2"]
        assert client.get(f"{API}/agents", params={"sort": "name"}).status_code == 422
        assert client.get(f"{API}/agents", params={"cursor": first["next"]}).status_code == 422


def test_an_agent_shows_its_performance_and_its_health(work):
    with work.client("viewer") as client:
        agent = client.get(f"{API}/agents/web-1").json()
        assert (agent["performance"]["level"], agent["performance"]["score"]) == ("poor", 41.0)
        assert agent["performance"]["p95_ms"] == 120.0
        assert agent["health"]["last_check"] == agent["last_seen"]
        assert (agent["health"]["uptime_s"], agent["health"]["restarts"]) == (None, None)
        assert client.get(f"{API}/agents/web-0").json()["performance"] is None


def test_performance_is_scraped(work):
    with work.client("viewer") as client:
        text = client.get("/metrics").text
    assert 'homeostat_agent_performance_score{tenant="default",agent="web-1"} 41' in text
    assert 'homeostat_agent_performance_score{tenant="default",agent="web-0"}' not in text


def test_conversations_are_listed_newest_first(work):
    with work.client("viewer") as client:
        path = f"{API}/agents/web-1/conversations"
        found = client.get(path).json()["items"]
        assert [each["conversation_id"] for each in found] == ["c-0", "c-4", "c-3", "c-2", "c-1"]
        (leaking,) = client.get(path, params={"leaking": True}).json()["items"]
        assert (leaking["conversation_id"], leaking["leaks"]) == ("c-2", {"email": 1})
        assert leaking["evidence"][0]["masked"] == "a…@…"
        page = client.get(path, params={"limit": 2}).json()
        rest = client.get(path, params={"cursor": page["next"]}).json()["items"]
        assert [each["conversation_id"] for each in rest] == ["c-3", "c-2", "c-1"]
        assert client.get(f"{API}/agents/web-2/conversations").json()["items"] == []
    with work.client("stranger") as client:
        assert client.get(path).json()["items"] == []


@pytest.mark.parametrize(
    "message",
    [
        {"conversation_id": "c", "text": ["hush"]},
        {"conversation_id": "c", "text": "hush" * 5000},
        {"conversation_id": "c", "text": "hush", "role": "hush"},
        {"conversation_id": "c", "text": "hush", "more": "hush"},
        {"text": "hush"},
        "hush",
    ],
)
def test_a_refused_message_is_quoted_by_no_answer(work, message):
    with work.client("operator") as client:
        body = {"metrics": {}, "message": message}
        for path, sent in (
            ("agents/web-1/metrics", body),
            ("telemetry", {"heartbeats": [{"agent_id": "web-1", **body}]}),
            ("agents/web-1/metrics", {"message": message}),
        ):
            answer = client.post(f"{API}/{path}", json=sent)
            assert answer.status_code == 422
            assert "hush" not in answer.text
