"""A record that was refused comes in once more when a person says so."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import httpx

from streams.contracts.record import Outgoing
from streams.contracts.topics import TELEMETRY
from tests.end_to_end.harness import PATIENCE_S, Installation
from tests.end_to_end.letters import send_raw
from tests.end_to_end.test_cli_dead_letters import letter_of, run


@dataclass(frozen=True)
class Letters:
    """Dead letters of one installation."""

    homeostat: Installation

    async def of(self, value: bytes, key: bytes | None = None) -> dict[str, Any]:
        """Send a record that is refused, to where its key is at home; return its letter."""
        (place,) = await send_raw(self.homeostat, [Outgoing(TELEMETRY.name, key, value)])
        return self.homeostat.wait_for(lambda: letter_of(self.homeostat, place), "dead letter")

    def named(self, name: str) -> dict[str, Any]:
        """Return a letter as the command line shows it."""
        found: dict[str, Any] = json.loads(run(self.homeostat, "show", name, "--json"))
        return found

    def outcome(self, name: str) -> dict[str, Any]:
        """Wait until surveillance said what came of a redrive."""

        def told() -> dict[str, Any] | None:
            letter = self.named(name)
            return letter if letter["outcome"] else None

        return self.homeostat.wait_for(told, "outcome of the redrive")


def allow_metrics(homeostat: Installation, most: int) -> None:
    policy = homeostat.get("/policy")["policy"]
    policy["surveillance"]["max_metrics_per_agent"] = most
    receipt = homeostat.put("/policy", {"policy": policy, "reason": "a test"})
    homeostat.wait_for(
        lambda: homeostat.get("/system/reached", position=receipt["position"])["reached"], "policy"
    )


async def test_a_record_that_found_no_room_is_let_in_once_there_is(homeostat: Installation) -> None:
    letters = Letters(homeostat)
    allow_metrics(homeostat, 2)
    try:
        beat = {"agent_id": "much-measured", "metrics": {"a": 1, "b": 2, "c": 3}}
        letter = await letters.of(json.dumps(beat).encode(), b"default/much-measured")
        assert letter["reason"] == "metric_limit"
        name = letter["event_id"]
        assert homeostat.get("/agents/much-measured") is None

        dry = run(homeostat, "redrive", "--reason", "metric_limit", "--dry-run")
        assert f"{name}  metric_limit" in dry
        assert letters.named(name)["kind"] == "dead_letter"
    finally:
        allow_metrics(homeostat, 256)
    assert "redriven, on record at" in run(homeostat, "redrive", "--reason", "metric_limit")
    told = letters.outcome(name)
    assert (told["kind"], told["outcome"]) == ("redriven", "readmitted")
    agent = homeostat.wait_for(lambda: homeostat.get("/agents/much-measured"), "agent")
    assert (agent["status"], agent["metrics"]) == ("registered", beat["metrics"])
    assert agent["open_findings"] == []

    assert "only a dead letter can be redriven, once" in run(homeostat, "redrive", name, status=4)
    assert "metric_limit" in run(homeostat, "redrive", "--reason", "metric_limit", status=1)
    verified = homeostat.command("replay", "--verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    rebuilt = homeostat.command("projections", "rebuild")
    assert "the live views were equal" in rebuilt.stdout, rebuilt.stdout + rebuilt.stderr


async def test_what_is_still_bad_is_a_new_letter_that_can_be_redriven_again(
    homeostat: Installation,
) -> None:
    letters = Letters(homeostat)
    letter = await letters.of(b"still no JSON")
    name, stamped = letter["event_id"], letter["stamped"]
    for _ in range(2):
        run(homeostat, "redrive", name)
        assert letters.outcome(name)["outcome"] == "refused"
        listed = json.loads(run(homeostat, "list", "--limit", "1000", "--json"))
        (again,) = [each for each in listed if each["redrive_of"] == name]
        assert (again["kind"], again["reason"]) == ("dead_letter", "malformed_json")
        assert (again["value"], again["stamped"]) == (letter["value"], stamped)
        name = again["event_id"]
    shown = run(homeostat, "show", name)
    assert f"redriven before: {again['redrive_of']}" in shown
    run(homeostat, "discard", name, "--reason", "the sender was mended")


async def test_people_who_redrive_at_once_redrive_once(homeostat: Installation) -> None:
    letters = Letters(homeostat)
    name = (await letters.of(b"redriven by many"))["event_id"]

    def redrive() -> int:
        token = (homeostat.home / "token").read_text(encoding="ascii").strip()
        address = f"http://127.0.0.1:{homeostat.api_port}/api/v1/dead-letters/{name}/redrive"
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.post(address, headers=headers, timeout=PATIENCE_S).status_code

    answers = await asyncio.gather(*(asyncio.to_thread(redrive) for _ in range(8)))
    assert 202 in answers
    assert set(answers) <= {202, 409}
    letters.outcome(name)
    later = (await letters.of(b"redriven after them"))["event_id"]
    run(homeostat, "redrive", later)
    letters.outcome(later)  # in the same partition: by now all of them were folded
    asked = homeostat.get("/events", type="record.redriven", limit=1000)["items"]
    assert len([e for e in asked if e["data"]["letter_id"] == name]) == answers.count(202)
    refused = homeostat.get("/events", type="record.redrive_refused", limit=1000)["items"]
    assert [e["data"]["letter_id"] for e in refused].count(name) == 1


async def test_of_several_letters_those_that_cannot_be_are_told(homeostat: Installation) -> None:
    letters = Letters(homeostat)
    whole = (await letters.of(b" " * 70_000))["event_id"]
    cut = (await letters.of(b" " * (2 << 20)))["event_id"]
    done = homeostat.command("dead-letters", "redrive", "--reason", "record_too_large", "--json")
    assert done.returncode == 4, done.stdout + done.stderr
    told = {each["letter_id"]: each for each in json.loads(done.stdout)}
    assert "too large to be kept whole" in told[cut]["refused"]
    assert told[whole]["position"].startswith("dead-letters/")
    assert letters.outcome(whole)["outcome"] == "refused"
    assert letters.named(cut)["kind"] == "dead_letter"
    run(homeostat, "discard", cut, "--reason", "a test sent it")


def test_what_to_redrive_must_be_named(homeostat: Installation) -> None:
    assert "name one record" in run(homeostat, "redrive", status=2)
    assert "name one record" in run(homeostat, "redrive", "x", "--reason", "y", status=2)
    assert "no-such" in run(homeostat, "redrive", "no-such", status=1)
