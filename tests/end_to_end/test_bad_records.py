"""A thousand bad records among good ones: each lettered once, the good ones unhindered."""

from __future__ import annotations

import json

from streams.contracts.record import Outgoing
from streams.contracts.topics import TELEMETRY
from tests.end_to_end.bad_records import bad_records
from tests.end_to_end.harness import Installation
from tests.end_to_end.letters import reasons_of, send_raw

COUNT = 1000
AGENTS = 10


def good(n: int) -> bytes:
    agent = f"unhindered-{n % AGENTS}"
    return json.dumps({"agent_id": agent, "metrics": {"beat": n}, "sequence": n}).encode()


def mixed() -> list[Outgoing]:
    """Return bad and good in turn, without keys; each good agent keeps to one partition."""
    records = []
    for n, bad in enumerate(bad_records(COUNT)):
        records.append(Outgoing(TELEMETRY.name, None, bad, (), n % 4))
        records.append(Outgoing(TELEMETRY.name, None, good(n), (), n % AGENTS % 4))
    return records


async def test_each_bad_record_is_lettered_once_and_the_good_ones_pass(
    homeostat: Installation,
) -> None:
    records = mixed()
    places = await send_raw(homeostat, records)
    bad = places[::2]
    # Behind each partition's last record: when these are lettered, everything before was judged.
    fence = await send_raw(
        homeostat, [Outgoing(TELEMETRY.name, None, b"fence", (), p) for p in range(4)]
    )
    await reasons_of(homeostat, fence)
    reasons = await reasons_of(homeostat, bad)
    assert len(reasons) == COUNT
    assert all(reasons.values())
    assert len(set(reasons.values())) >= 8

    latest = {f"unhindered-{n}": float(COUNT - AGENTS + n) for n in range(AGENTS)}

    def all_latest() -> bool:
        agents = homeostat.get("/agents", text="unhindered", limit=1000)["items"]
        return {agent["agent_id"]: agent["metrics"].get("beat") for agent in agents} == latest

    homeostat.wait_for(all_latest, "last beat of every good agent")
    lettered = await reasons_of(homeostat, fence)
    assert set(lettered) == set(fence)
    assert homeostat.get("/agents/victim") is None
