"""Commands that nobody of the installation decided: each is lettered once and moves nothing."""

from __future__ import annotations

import time
import uuid
from typing import Any

import msgspec

from streams.contracts.envelope import Event, outgoing
from streams.contracts.events.action import Command
from streams.contracts.record import Outgoing
from streams.contracts.topics import COMMANDS
from tests.end_to_end.harness import Installation
from tests.end_to_end.letters import reasons_of, send_raw


def stop_web(identity: str, **changes: Any) -> Outgoing:
    """Return an unsigned command to stop ``web``, whole but for `changes`."""
    expires = time.time() + 600
    action_id = str(uuid.uuid4())
    whole = Command(
        action_id, "service.stop", "default/web", "this-host", {}, 10, expires, False, 1
    )
    event = Event(
        id=identity,
        source="/steps/governor",
        type="service.stop",
        subject="default/web",
        time="2026-01-01T00:00:00.000000Z",
        tenant="default",
        data=msgspec.to_builtins(whole) | changes,
        dataschema="/schemas/service.stop/1",
        correlationid=changes.get("action_id", action_id),
    )
    return outgoing(event, COMMANDS.name, 0)


def refusals(homeostat: Installation, correlation: str) -> list[dict[str, Any]]:
    """Return what the executor finished of one command."""
    events = homeostat.get("/events", type="action.finished", limit=1000)["items"]
    return [each for each in events if each["correlation_id"] == correlation]


async def test_what_is_no_command_is_lettered_once_and_the_node_goes_on(
    homeostat: Installation,
) -> None:
    service = homeostat.wait_for(homeostat.service_pid, "service")
    node = homeostat.pids("node")
    sign = homeostat.signer.sign
    places = await send_raw(
        homeostat,
        [
            stop_web(str(uuid.uuid4())),
            sign(stop_web("the-first")),
            sign(stop_web(str(uuid.uuid4()), target=7)),
        ],
    )
    # Signed, whole and too late, behind the others: once it is refused, they were read.
    late = str(uuid.uuid4())
    await send_raw(homeostat, [sign(stop_web(str(uuid.uuid4()), expires_at=1.0, action_id=late))])
    reasons = await reasons_of(homeostat, places)
    assert [reasons[place] for place in places] == [
        "unsigned_command", "malformed_command", "malformed_command"
    ]  # fmt: skip

    def refused() -> list[dict[str, Any]]:
        return refusals(homeostat, late)

    assert len(homeostat.wait_for(refused, "refusal of the late command")) == 1
    assert homeostat.service_pid() == service
    assert homeostat.pids("node") == node
