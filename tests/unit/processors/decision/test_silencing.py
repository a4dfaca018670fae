"""What silences withhold, and what comes of it when they are over."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from config.policy import ActionPolicy, default_policy
from config.silences import SilencePolicy
from streams.contracts.events.action import ActionRequested
from streams.contracts.events.finding import FindingChanged, FindingRaised
from streams.contracts.events.silence import Matcher, SilenceCreated, SilenceEnded
from tests.properties.loop import LABELS, Loop


def silence(loop: Loop, lasts_s: float = 600.0, *, maintenance: bool = False, name: str = "s1",
            **matchers: str) -> SilenceCreated:  # fmt: skip
    wanted = [Matcher(each, value) for each, value in matchers.items()]
    data = SilenceCreated(name, wanted, loop.now, loop.now + lasts_s, "a reason", "ada",
                          maintenance)  # fmt: skip
    loop.silence(data)
    return data


def down(loop: Loop, agent: str = "web", finding_id: str = "f1") -> None:
    loop.down(agent, finding_id)
    loop.pump()


def told(loop: Loop, *names: str) -> list[dict[str, Any]]:
    return [{"type": event.type, **event.data} for event in loop.events(*names)]


def test_what_fails_in_maintenance_is_left_alone_and_healed_when_that_is_over() -> None:
    loop = Loop()
    data = silence(loop, maintenance=True, agent="we?")
    down(loop)
    (withheld,) = told(loop, "finding.withheld")
    assert (withheld["finding_id"], withheld["silence_id"]) == ("f1", "s1")
    assert (withheld["silenced_by"], withheld["until"]) == ("ada", data.ends_at)
    (reason,) = told(loop, "action.withheld")
    assert (reason["reason"], reason["retry_at"]) == ("maintenance", data.ends_at)
    assert {each["rejected"] for each in reason["candidates"]} == {"maintenance"}
    loop.tick(590)
    assert loop.commands() == []
    loop.tick(10)
    (released,) = told(loop, "finding.released")
    assert (released["reason"], released["withheld_s"]) == ("over", 600.0)
    assert [command.action for command in loop.commands()] == ["service.restart"]
    assert len(told(loop, "action.withheld", "finding.withheld")) == 2


def test_a_plain_silence_lets_automation_go_on() -> None:
    loop = Loop()
    silence(loop, kind="service_*")
    down(loop)
    assert len(told(loop, "finding.withheld")) == len(loop.commands()) == 1


def test_what_would_ask_a_person_waits_until_a_silence_is_over() -> None:
    action = ActionPolicy(mode="approve", answers=["anomaly"], improvement=1.0)
    loop = Loop(replace(default_policy(), version=2, actions={"service.restart": action}))
    silence(loop, agent="*", kind="anomaly")
    raised = FindingRaised("odd", "anomaly", "warning", "cpu_usage", 97.0, 10.0, 40.0, loop.now,
                           "odd", 1, agent_type="service", labels=LABELS)  # fmt: skip
    loop.send("finding.raised", "default/web", raised)
    loop.pump()
    assert [each["reason"] for each in told(loop, "action.withheld")] == ["silenced"]
    loop.tick(600)
    assert len(told(loop, "action.awaiting_approval")) == 1


def test_an_open_finding_is_withheld_too_and_released_where_a_person_ends_it() -> None:
    loop = Loop()
    down(loop)
    assert told(loop, "finding.withheld") == []
    silence(loop, agent="web")
    assert len(told(loop, "finding.withheld")) == 1
    loop.tick(5)
    loop.silence(SilenceEnded("s1", "bob", "done"))
    (released,) = told(loop, "finding.released")
    assert (released["reason"], released["withheld_s"]) == ("ended", 5.0)


def test_a_finding_that_is_over_is_not_released() -> None:
    loop = Loop()
    silence(loop, agent="web")
    down(loop)
    loop.up("web", "f1")
    loop.pump()
    loop.tick(700)
    assert told(loop, "finding.released") == []
    for worker in loop.deciders:
        assert worker.state.inner.silences == {}
        assert worker.state.inner.targets == {}


def test_of_two_silences_maintenance_names_it_and_the_other_takes_over() -> None:
    loop = Loop()
    silence(loop, 900, name="longer", agent="web")
    silence(loop, 300, name="works", maintenance=True, agent="web")
    down(loop)
    loop.tick(300)
    assert [each["silence_id"] for each in told(loop, "finding.withheld")] == ["works", "longer"]
    assert len(loop.commands()) == 1
    loop.tick(600)
    released = {each["finding_id"]: each for each in told(loop, "finding.released")}
    assert released["f1"]["withheld_s"] == 900.0


def test_what_gets_worse_than_a_silence_says_asks_for_attention() -> None:
    loop = Loop()
    silence(loop, severity="info|warning|critical")
    down(loop)
    worse = FindingChanged("f1", "service_down", "emergency", "up", 0.0, "worse")
    loop.send("finding.changed", "default/web", worse)
    loop.pump()
    assert [each["reason"] for each in told(loop, "finding.released")] == ["changed"]


def test_a_crash_loop_is_withheld_as_well() -> None:
    loop = Loop()
    silence(loop, 3600, agent="web")
    for death in range(3):
        down(loop, finding_id=f"f{death}")
        while len(loop.commands()) <= death:
            loop.tick(5)
        loop.up("web", f"f{death}")
        loop.finish(loop.commands()[death])
        loop.pump()
    down(loop, finding_id="last")
    kinds = [each["kind"] for each in told(loop, "finding.withheld")]
    assert kinds.count("crash_loop") == 1


def test_another_tenant_is_not_silenced() -> None:
    loop = Loop()
    data = SilenceCreated("s1", [], loop.now, loop.now + 60, "r", "ada", maintenance=True)
    loop.silence(data, tenant="elsewhere")
    down(loop)
    assert told(loop, "finding.withheld") == []


def test_a_wish_of_a_person_is_granted_in_maintenance() -> None:
    loop = Loop()
    silence(loop, maintenance=True, agent="web")
    down(loop)
    wish = ActionRequested("service.restart", "default/web", {}, "bob")
    loop.send("action.requested", "default/web", wish)
    loop.pump()
    assert [command.requested_by for command in loop.commands()] == ["bob"]


@pytest.mark.parametrize(("most", "lasts_s", "reason"), [(1, 60, "tenant_limit"),
                                                         (9, -1, "over_already")])  # fmt: skip
def test_what_cannot_be_is_refused_once(most: int, lasts_s: float, reason: str) -> None:
    loop = Loop(replace(default_policy(), version=2, silences=SilencePolicy(max_per_tenant=most)))
    silence(loop, agent="web")
    silence(loop, lasts_s, name="s2", agent="db")
    assert [(e["silence_id"], e["reason"]) for e in told(loop, "silence.refused")] == [
        ("s2", reason)
    ]


def test_a_crash_in_a_silence_changes_nothing() -> None:
    loop = Loop()
    silence(loop, maintenance=True, agent="web")
    down(loop)
    for worker in loop.workers():
        worker.snapshot()
    loop.tick(60)
    for worker in loop.workers():
        worker.crash()
    loop.tick(540)
    assert len(told(loop, "finding.released")) == len(loop.commands()) == 1
