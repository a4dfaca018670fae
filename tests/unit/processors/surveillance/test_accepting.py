"""What people say of findings: accepted, learnt anew, and what cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from streams.contracts.events.agent import RelearnRequested
from streams.contracts.events.finding import AcceptanceRequested
from tests.unit.processors.surveillance.test_courses import Life, life
from tests.unit.processors.surveillance.test_step import only

__all__ = ["life"]
KEY = "default/a1"


def ask(life: Life, name: str, data: Any) -> list[tuple[str, dict[str, Any]]]:
    return life.partition.event(life.now, name, KEY, data)


def accept(life: Life, finding: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    asked = AcceptanceRequested(finding["finding_id"], "new release", "ada")
    return ask(life, "finding.acceptance_requested", asked)


def test_an_accepted_anomaly_is_normal_from_then_on(life: Life) -> None:
    life.live(5, lambda _: {"load": life.daily() + 30.0, "queue": life.daily()})
    [anomaly] = life.raised("anomaly")
    told = accept(life, anomaly)
    assert ("finding.ended", "new_normal") in [(kind, data.get("reason")) for kind, data in told]
    life.live(60, lambda _: {"load": life.daily() + 30.0, "queue": life.daily()})
    assert len(life.raised("anomaly")) == 1
    assert life.raised("shift") == []


@pytest.mark.parametrize("kind", ["flat_line", "missing_metric"])
def test_each_kind_can_be_accepted_and_does_not_come_again(life: Life, kind: str) -> None:
    stuck = life.daily()
    values = {"flat_line": {"queue": stuck}, "missing_metric": {}}[kind]
    life.live(70, lambda _: {"load": life.daily()} | values)
    [found] = life.raised(kind)
    assert [data["reason"] for name, data in accept(life, found) if name == "finding.ended"] == [
        "new_normal"
    ]
    life.live(70, lambda _: {"load": life.daily()} | values)
    assert len(life.raised(kind)) == 1


def test_what_is_learnt_anew_is_judged_by_what_comes(life: Life) -> None:
    life.live(5, lambda _: {"load": life.daily() + 30.0, "queue": life.daily()})
    told = ask(life, "agent.relearn_requested", RelearnRequested(["load"], "moved", "ada"))
    assert [data["reason"] for name, data in told if name == "finding.ended"] == ["relearnt"]
    life.live(300, lambda _: {"load": life.daily() + 30.0, "queue": life.daily()})
    assert len(life.raised("anomaly")) == 1


def test_a_rule_s_finding_is_not_the_detector_s_to_accept(life: Life) -> None:
    for _ in range(3):
        life.live(1, lambda _: {"load": life.daily(), "cpu_usage": 99.0})
    [limit] = [data for data in life.raised("threshold") if data["metric"] == "cpu_usage"]
    [letter] = only(accept(life, limit), "record.dead_lettered")
    assert letter["reason"] == "not_acceptable"


def test_what_nobody_knows_is_a_dead_letter_that_says_so(life: Life) -> None:
    [letter] = only(accept(life, {"finding_id": "no-such"}), "record.dead_lettered")
    assert letter["reason"] == "unknown_finding"
    wish = RelearnRequested(["no-such"], "moved", "ada")
    [letter] = only(ask(life, "agent.relearn_requested", wish), "record.dead_lettered")
    assert letter["reason"] == "unknown_metric"
    assert "load" in letter["detail"]


def test_one_wish_is_carried_out_once(life: Life) -> None:
    life.live(5, lambda _: {"load": life.daily() + 30.0, "queue": life.daily()})
    asked = AcceptanceRequested(life.raised("anomaly")[0]["finding_id"], "new release", "ada")
    assert ask(life, "finding.acceptance_requested", asked)
    life.partition.offset -= 1  # the event's id follows from it: the same wish once more
    state = life.partition.state
    assert "asked|" + f"asked-{life.partition.offset + 1}" in state.seen
    assert ask(life, "finding.acceptance_requested", asked) == []
