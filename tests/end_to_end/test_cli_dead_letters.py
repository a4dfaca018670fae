"""A record that was not accepted is found, looked at and discarded from the command line."""

from __future__ import annotations

import json
from typing import Any

from streams.contracts.record import Outgoing
from streams.contracts.topics import TELEMETRY
from tests.end_to_end.harness import Installation
from tests.end_to_end.letters import Place, send_raw


def run(homeostat: Installation, *argv: str, status: int = 0) -> str:
    done = homeostat.command("dead-letters", *argv)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout if status == 0 else done.stderr


def letter_of(homeostat: Installation, place: Place) -> dict[str, Any] | None:
    found = json.loads(run(homeostat, "list", "--limit", "1000", "--json"))
    return next((e for e in found if (e["topic"], e["partition"], e["offset"]) == place), None)


async def test_a_letter_is_shown_and_discarded_once(homeostat: Installation) -> None:
    (place,) = await send_raw(homeostat, [Outgoing(TELEMETRY.name, None, b"no JSON", (), 0)])
    letter = homeostat.wait_for(lambda: letter_of(homeostat, place), "dead letter")
    name = letter["event_id"]
    shown = run(homeostat, "show", name)
    assert letter["reason"] in shown
    assert "no JSON" in shown
    assert name in run(homeostat, "list", "--reason", letter["reason"])

    assert "on record" in run(homeostat, "discard", name, "--reason", "a test sent it")

    def discarded() -> bool:
        return bool(json.loads(run(homeostat, "show", name, "--json"))["kind"] == "discarded")

    homeostat.wait_for(discarded, "discarded letter")
    facts = homeostat.get("/events", type="record.discarded", limit=1000)["items"]
    data = {"letter_id": name, "by": "admin", "reason": "a test sent it"}
    assert data in [fact["data"] for fact in facts]
    assert "discarded" in run(homeostat, "discard", name, "--reason", "again", status=4)


def test_an_unknown_letter_is_named(homeostat: Installation) -> None:
    assert "no-such" in run(homeostat, "show", "no-such", status=1)
