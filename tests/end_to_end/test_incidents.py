"""Two agents that need each other fail: one incident, the right root, closed after they healed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.end_to_end.harness import PATIENCE_S, Installation, patient

NEEDS = {"ledger-db": "", "ledger-api": "ledger-db", "ledger-web": "ledger-api"}
WELL, ILL = 10.0, 250.0


@pytest.fixture(scope="module")
def ledger(homeostat: Installation) -> Iterator[Installation]:
    """Give an installation with three agents that need each other, and short times of quiet."""
    policy = patient(homeostat.get("/policy")["policy"])
    policy["incidents"] |= {"quiet_s": 2.0}
    homeostat.in_force(policy, "short")
    for agent in NEEDS:
        report(homeostat, agent, WELL)
    homeostat.wait_for(lambda: all(homeostat.get(f"/agents/{a}") for a in NEEDS), "agents")
    yield homeostat
    for agent in NEEDS:
        body = {"status": "decommissioned", "reason": "the test is over"}
        post(homeostat, f"/agents/{agent}/lifecycle", body)


def post(homeostat: Installation, path: str, body: dict[str, Any]) -> None:
    token = (homeostat.home / "token").read_text(encoding="ascii").strip()
    httpx.post(
        f"http://127.0.0.1:{homeostat.api_port}/api/v1{path}",
        headers={"Authorization": f"Bearer {token}"},
        json=body,
        timeout=PATIENCE_S,
    ).raise_for_status()


def report(homeostat: Installation, agent: str, log_size_mb: float) -> None:
    labels = {"host": f"host-of-{agent}", "depends_on": NEEDS[agent]}
    said = {"agent_id": agent, "agent_type": "ledger", "labels": labels}
    heartbeat = said | {"metrics": {"log_size_mb": log_size_mb}}
    post(homeostat, "/telemetry", {"heartbeats": [heartbeat]})


def latest(homeostat: Installation, status: str) -> dict[str, Any] | None:
    found = homeostat.get("/incidents", agent="ledger-web", status=status)["items"]
    return found[0] if found else None


def test_a_cascade_is_one_incident_from_its_root_to_its_end(ledger: Installation) -> None:
    for agent in ("ledger-web", "ledger-api", "ledger-db"):
        report(ledger, agent, ILL)

    def grown() -> dict[str, Any] | None:
        found = latest(ledger, "open")
        return found if found and found["agents"] == len(NEEDS) else None

    incident = ledger.wait_for(grown, "incident of three agents")
    assert incident["root"]["agent"] == "default/ledger-db"
    assert {m["agent"]: m["because"] for m in incident["members"]} == {
        "default/ledger-db": "root",
        "default/ledger-api": "depends_on",
        "default/ledger-web": "depends_on",
    }
    for agent in NEEDS:
        report(ledger, agent, WELL)
    closed = ledger.wait_for(lambda: latest(ledger, "closed"), "end of the incident")
    assert closed["incident_id"] == incident["incident_id"]
    assert (closed["close_reason"], closed["open_findings"]) == ("quiet", 0)


def test_the_command_tells_what_happened_in_it(ledger: Installation) -> None:
    closed = latest(ledger, "closed")
    assert closed is not None
    told = ledger.command("incidents", closed["incident_id"], "--json")
    assert told.returncode == 0, told.stderr
    timeline = json.loads(told.stdout)["timeline"]
    assert [e["at"] for e in timeline] == sorted(e["at"] for e in timeline)
    whats = [entry["what"] for entry in timeline]
    assert whats.count("finding.raised") == whats.count("finding.ended") == len(NEEDS)
    assert whats[-1] == "incident.closed"
    shown = ledger.command("incidents", closed["incident_id"])
    assert "ledger-db" in shown.stdout
    assert "depends_on" in shown.stdout
