"""What claims a right without proving it moves nothing."""

from __future__ import annotations

import json
import os
import signal
import time
import uuid
from typing import Any

import pytest

from streams.contracts.envelope import Event, encode_event, rfc3339
from streams.contracts.record import Outgoing
from streams.contracts.telemetry import encode_tick
from streams.contracts.topics import COMMANDS, DECISIONS, GOVERNANCE, TELEMETRY
from streams.contracts.trust import RecordKind, Signer
from tests.end_to_end.harness import Installation, patient
from tests.end_to_end.letters import reasons_of, send_raw

STRANGER = Signer(b"a secret of somebody else")
YEAR_S = 365 * 86_400.0


def event(kind: str, data: dict[str, Any], subject: str = "default/web") -> Event:
    return Event(
        id=str(uuid.uuid4()),
        source="/api",
        type=kind,
        subject=subject,
        time=rfc3339(time.time()),
        tenant="default",
        data=data,
        dataschema=f"/schemas/{kind}/1",
        correlationid=str(uuid.uuid4()),
    )


def unsigned(topic: str, value: bytes) -> Outgoing:
    return Outgoing(topic, b"default/web", value, (), 0)


def forged(topic: str, value: bytes, kind: RecordKind = RecordKind.EVENT) -> Outgoing:
    return STRANGER.sign(unsigned(topic, value), kind)


POLICY = event(
    "policy.changed",
    {"version": 999, "hash": "x", "policy": {}, "changed_by": "mallory"},
    "default/policy",
)
APPROVAL = event("action.approval_given", {"action_id": "x", "approved": True, "by": "mallory"})


def status_of(homeostat: Installation, agent: str) -> str:
    found = homeostat.get(f"/agents/{agent}")
    return found["status"] if found else ""


WITNESS = json.dumps({"agent_id": "witness", "metrics": {"cpu_usage": 1}}).encode()
TICK = encode_tick(time.time() + YEAR_S)


@pytest.fixture(scope="module", autouse=True)
def slow(homeostat: Installation) -> None:
    """Call nobody offline whose next heartbeat is a few seconds away; in a year it would be."""
    homeostat.in_force(patient(homeostat.get("/policy")["policy"]), "a test that takes its time")


@pytest.mark.parametrize("inbox", [TELEMETRY.name, DECISIONS.name, GOVERNANCE.name])
@pytest.mark.parametrize(
    ("value", "kind"),
    [
        pytest.param(TICK, RecordKind.TICK, id="tick"),
        pytest.param(encode_event(POLICY), RecordKind.EVENT, id="policy"),
        pytest.param(encode_event(APPROVAL), RecordKind.EVENT, id="approval"),
        pytest.param(TICK, RecordKind.FORWARD, id="forward"),
    ],
)
async def test_a_stranger_s_signature_is_lettered_and_moves_nothing(
    homeostat: Installation, inbox: str, value: bytes, kind: RecordKind
) -> None:
    version = homeostat.get("/policy")["version"]
    await send_raw(homeostat, [unsigned(TELEMETRY.name, WITNESS)])
    places = await send_raw(homeostat, [forged(inbox, value, kind), unsigned(inbox, value)])
    reasons = await reasons_of(homeostat, places)
    assert reasons[places[0]] == "bad_signature"
    assert homeostat.get("/policy")["version"] == version
    # A year ahead everybody would be offline.
    homeostat.wait_for(lambda: status_of(homeostat, "witness") == "active", "witness")


async def test_a_foreign_tenant_is_lettered_and_stays_unknown(homeostat: Installation) -> None:
    beat = {"agent_id": "trespasser", "tenant_id": "acme", "metrics": {"cpu_usage": 1}}
    places = await send_raw(homeostat, [unsigned(TELEMETRY.name, json.dumps(beat).encode())])
    assert (await reasons_of(homeostat, places))[places[0]]
    assert homeostat.get("/agents/trespasser", tenant="acme") is None
    assert homeostat.get("/agents/trespasser") is None


async def test_forged_commands_are_refused_by_the_executor(homeostat: Installation) -> None:
    stops = [
        event("service.stop", {"action_id": f"forged-{n}", "name": "service.stop"}) for n in (1, 2)
    ]
    values = [encode_event(stop) for stop in stops]
    await send_raw(
        homeostat, [forged(COMMANDS.name, values[0]), unsigned(COMMANDS.name, values[1])]
    )
    known, before = homeostat.settled(), homeostat.service_pid()
    assert before is not None
    # A true command behind the forged ones in the same partition: once it is done, they were read.
    os.kill(before, signal.SIGKILL)
    homeostat.settled(known)
    assert homeostat.service_pid() != before
    claimed = homeostat.get("/events", type="action.claimed", limit=1000)["items"]
    assert not {each["correlation_id"] for each in claimed} & {s.correlationid for s in stops}
