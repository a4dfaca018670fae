"""The spine: this machine measured, a service healed with its whole story, nothing lost."""

from __future__ import annotations

import json
import os
import signal
import uuid
from collections.abc import Iterator

import pytest
from confluent_kafka import Producer

from streams.contracts.topics import TELEMETRY
from tests.end_to_end.harness import Installation

STORY = [
    "finding.raised",
    "action.proposed",
    "action.granted",
    "action.claimed",
    "action.verified",
    "action.finished",
]


@pytest.fixture
def own(tmp_path) -> Iterator[Installation]:
    """Run an installation that this test may stop and start."""
    installation = Installation(tmp_path / "home")
    try:
        installation.start()
        yield installation
    finally:
        installation.stop()


def plain_record(homeostat: Installation, agent: str) -> None:
    """Send one record as kcat does: no key, CRC32 partitioner, no headers."""
    client = Producer(
        {"bootstrap.servers": homeostat.connection.bootstrap, "partitioner": "consistent_random"}
    )
    value = json.dumps({"agent_id": agent, "metrics": {"cpu_usage": 41.5}}).encode()
    client.produce(TELEMETRY.name, value)
    assert client.flush(30) == 0


def test_this_machine_is_measured(homeostat: Installation) -> None:
    def measured() -> dict[str, float] | None:
        agent = homeostat.get("/agents/this-host")
        return agent["metrics"] if agent else None

    metrics = homeostat.wait_for(measured, "measurements of this host")
    for name in ("cpu_usage", "memory_usage", "disk_usage"):
        assert 0 <= metrics[name] <= 100
    assert metrics["memory_usage"] > 0


def test_the_installation_says_how_it_is(homeostat: Installation) -> None:
    assert homeostat.get("/system/health")["components"]


def test_a_declared_service_is_seen(homeostat: Installation) -> None:
    def well() -> bool:
        agent = homeostat.get("/agents/web")
        return bool(agent and agent["metrics"].get("up") == 1)

    homeostat.wait_for(well, "declared service")


def test_a_killed_service_comes_back_and_the_whole_story_is_told(homeostat: Installation) -> None:
    known, before = homeostat.settled(), homeostat.service_pid()
    assert before is not None
    os.kill(before, signal.SIGKILL)
    (finding,) = homeostat.settled(known) - known
    assert homeostat.service_pid() != before

    def told() -> list[str] | None:
        links = homeostat.get(f"/findings/{finding}/chain")["items"]
        types = [link["type"] for link in links]
        return types if {*STORY, "service.restart", "finding.ended"} <= set(types) else None

    types = homeostat.wait_for(told, "whole chain")
    firsts = [types.index(name) for name in STORY]
    assert firsts == sorted(firsts)


def test_a_plain_record_makes_an_agent_that_goes_offline_in_silence(
    homeostat: Installation,
) -> None:
    agent = f"plain-{uuid.uuid4().hex[:8]}"
    plain_record(homeostat, agent)

    def shown() -> bool:
        found = homeostat.get(f"/agents/{agent}")
        return bool(found and found["metrics"] == {"cpu_usage": 41.5})

    homeostat.wait_for(shown, "agent of a plain record")
    plain_record(homeostat, agent)  # its interval is known by now, and need not be guessed

    def offline() -> bool:
        return homeostat.get(f"/agents/{agent}")["status"] == "offline"

    homeostat.wait_for(offline, "agent offline after its silence", 240)


def test_a_restart_of_everything_loses_nothing(own: Installation) -> None:
    agents = {f"kept-{n}" for n in range(20)}
    for agent in agents:
        plain_record(own, agent)

    def kept() -> bool:
        found = own.get("/agents", text="kept-", limit=1000)["items"]
        return {each["agent_id"] for each in found} == agents

    own.wait_for(kept, "agents")
    before = {e["id"] for e in own.get("/events", limit=1000)["items"]}
    own.stop()
    own.start()
    own.wait_for(kept, "agents after the restart")
    events = own.get("/events", limit=1000)["items"]
    ids = [event["id"] for event in events]
    assert before <= set(ids)
    assert len(ids) == len(set(ids))
    registered = [e["subject"] for e in events if e["type"] == "agent.registered"]
    assert len(registered) == len(set(registered))
