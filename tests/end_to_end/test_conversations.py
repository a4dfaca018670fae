"""What an agent says is judged, and shown to nobody: neither where it is taken nor refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streams.contracts.record import Outgoing
from streams.contracts.topics import TELEMETRY, TOPICS
from tests.end_to_end.harness import Installation, patient, read_all
from tests.end_to_end.letters import reasons_of, send_raw

AGENT = "bot-that-leaks"
SECRET = "Tr0ub4dor-and-3"
KEY = "AKIAIOSFODNN7EXAMPLE"
FAULTY = {"conversation_id": "c-17", "text": f"password={SECRET}", "role": "nobody"}
SAID = {
    "conversation_id": "c-17",
    "text": f"use {KEY}, and password={SECRET}",
    "latency_ms": 900,
    "tokens": 12,
    "model": "mistral:7b",
}


def record(message: dict[str, Any], **metrics: float) -> Outgoing:
    """Return what anybody may write to the topic, as `kcat` would."""
    value = {"agent_id": AGENT, "agent_type": "ai_agent", "metrics": metrics, "message": message}
    return Outgoing(TELEMETRY.name, None, json.dumps(value).encode(), (), 0)


@pytest.fixture
def hurried(homeostat: Installation) -> Installation:
    """Let windows close, performance be told and leaks be over within seconds."""
    found = patient(homeostat.get("/policy")["policy"])
    watch = found["surveillance"]
    watch |= {"window_s": 2.0, "performance": watch["performance"] | {"minimum_windows": 1}}
    watch["conversations"]["leaks"]["quiet_s"] = 5.0
    homeostat.in_force(found, "a test that cannot wait")
    return homeostat


async def test_a_leak_is_found_masked_and_nothing_said_is_shown(hurried: Installation) -> None:
    refused, _ = await send_raw(hurried, [record(FAULTY), record(SAID, response_time_avg=40.0)])
    assert await reasons_of(hurried, [refused]) == {refused: "invalid_role"}

    def leak() -> Any:
        return hurried.get("/findings", kind="leak", agent=AGENT)["items"]

    (finding,) = hurried.wait_for(leak, "finding of the leak")
    assert finding["severity"] == "critical"
    assert finding["drivers"] == ["aws_access_key", "password"]
    assert "aws_access_key at 4 (20 characters, AKIA…), and 1 more" in finding["summary"]

    def judged() -> Any:
        return hurried.get(f"/agents/{AGENT}/conversations")["items"]

    (conversation,) = hurried.wait_for(judged, "conversation")
    assert conversation["leaks"] == {"aws_access_key": 1, "password": 1}
    assert [(one["kind"], one["masked"]) for one in conversation["evidence"]] == [
        ("aws_access_key", "AKIA…"),
        ("password", "…"),
    ]
    told = hurried.command("conversations", AGENT)
    assert "1 aws_access_key, 1 password" in told.stdout, told

    def scored() -> Any:
        return hurried.get("/agents", performance="excellent", text=AGENT)["items"]

    (agent,) = hurried.wait_for(scored, "performance")
    assert agent["performance"]["parts"]["response"] == 1.0
    await assert_unseen(hurried, finding["finding_id"])

    def over() -> Any:
        return hurried.get(f"/findings/{finding['finding_id']}")["end_reason"]

    assert hurried.wait_for(over, "end of the leak") == "recovered"


async def assert_unseen(homeostat: Installation, finding: str) -> None:
    """Look for what was said wherever it could show."""
    letters = homeostat.get("/dead-letters", reason="invalid_role", limit=1000)
    (letter,) = [one for one in letters["items"] if "message.role" in one["detail"]]
    paths = (
        "/agents", f"/agents/{AGENT}", f"/agents/{AGENT}/events", f"/agents/{AGENT}/conversations",
        "/findings", f"/findings/{finding}", f"/findings/{finding}/chain", "/events", "/fleet",
        f"/dead-letters/{letter['event_id']}",
    )  # fmt: skip
    for path in paths:
        answer = json.dumps(homeostat.get(path))
        assert SECRET not in answer, path
        assert KEY not in answer, path
    assert letter["truncated"]
    names = [topic.name for topic in TOPICS if topic is not TELEMETRY]
    for fact in await read_all(homeostat.connection, names):
        assert SECRET.encode() not in (fact.value or b""), fact
        assert KEY.encode() not in (fact.value or b""), fact
    views = list(homeostat.home.glob("*.db*"))
    assert views
    for path in views:
        assert SECRET.encode() not in path.read_bytes(), path
