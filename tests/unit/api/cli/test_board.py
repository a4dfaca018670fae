"""What the live view shows first is what is worst."""

from __future__ import annotations

from api.cli.top.board import (
    ACTIONS,
    FINDINGS,
    FLEET,
    INCIDENTS,
    by_severity,
    event_line,
    fleet_lines,
    incidents_told,
    part_lines,
    stale_after,
)


def part(status: str, detail: str = "", **figures: float) -> dict[str, object]:
    return {"status": status, "detail": detail, "figures": figures}


def test_statuses_with_unwell_agents_come_first() -> None:
    status = ["active"] * 4 + ["offline"] * 2 + ["idle"]
    health = ["healthy"] * 4 + ["failing", ""] + ["degraded"]
    lines = fleet_lines({"status": status, "health": health})
    assert [line.looks for line in lines] == ["failing", "degraded", "healthy"]
    assert [line.text.split()[0] for line in lines] == ["offline", "idle", "active"]
    assert lines[0].text.endswith("2  1 failing, 1 not judged")


def test_a_fleet_without_agents_has_no_line() -> None:
    assert fleet_lines({"status": [], "health": []}) == []


def test_parts_that_are_down_or_behind_come_first() -> None:
    parts = {
        "broker": part("ok"),
        "projector": part("ok", lag_records=7.0),
        "ticker": part("degraded", "no tick for 40 s"),
        "worker": part("ok", lag_records=1200.0),
    }
    lines = part_lines({"components": parts})
    assert [line.text.split()[0] for line in lines] == ["ticker", "worker", "projector", "broker"]
    assert "no tick for 40 s" in lines[0].text
    assert "1,200 behind" in lines[1].text


def test_findings_are_sorted_by_severity_and_then_the_newest() -> None:
    found = [
        {"finding_id": name, "severity": severity, "raised_at": f"2026-01-0{day}T00:00:00Z"}
        for name, severity, day in [
            ("a", "warning", 1), ("b", "critical", 1), ("c", "warning", 2), ("d", "odd", 3),
            ("e", "high", 1), ("f", "emergency", 1),
        ]
    ]  # fmt: skip
    assert [each["finding_id"] for each in by_severity(found)] == ["f", "b", "e", "c", "a", "d"]


def test_the_worst_incident_is_named_and_of_those_the_newest() -> None:
    found = [
        {
            "severity": severity,
            "opened_at": f"2026-01-0{day}T00:00:00Z",
            "title": title,
            "withheld": False,
        }
        for title, severity, day in [("a", "high", 1), ("b", "critical", 1), ("c", "critical", 2)]
    ]
    assert incidents_told(found) == "Active incidents: 3, c"
    assert incidents_told([]) == "Active incidents: none"


def test_an_event_makes_stale_what_it_is_about() -> None:
    assert stale_after("agent.health_changed") == {FLEET}
    assert stale_after("finding.raised") == {FINDINGS}
    assert stale_after("incident.opened") == {INCIDENTS}
    assert stale_after("action.awaiting_approval") == {ACTIONS}
    assert stale_after("policy.changed") == frozenset()


def test_an_event_is_told_on_a_line() -> None:
    data = {"summary": "web is down", "detail": "unused"}
    at = "2026-01-02T03:04:05.5Z"
    event = {"time": at, "type": "finding.raised", "subject": "default/web", "data": data}
    line = event_line(event)
    assert line.startswith("03:04:05  finding.raised")
    assert line.endswith("web is down")
