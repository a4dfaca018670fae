"""First at once, then another strategy, then pauses that grow to a cap: no storm, no silence."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from config.policy import default_policy
from streams.contracts.events.finding import FindingEnded, FindingRaised
from tests.properties.loop import LABELS, Loop


class DyingService:
    """A service whose every restart works, and which dies again at once."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.deaths = 0
        self.started: list[float] = []
        self.actions: list[str] = []

    def die(self) -> None:
        self.deaths += 1
        self.loop.down("web", f"down-{self.deaths}")
        self.loop.pump()

    def serve(self) -> None:
        """Run what was commanded: up for a moment, then dead again."""
        while len(commands := self.loop.commands()) > len(self.started):
            command = commands[len(self.started)]
            self.started.append(self.loop.now)
            self.actions.append(command.action)
            self.loop.up("web", f"down-{self.deaths}")
            self.loop.finish(command)
            self.loop.pump()
            self.die()

    def run(self, seconds: float) -> None:
        end = self.loop.now + seconds
        self.serve()
        while self.loop.now < end:
            self.loop.tick(1.0)
            self.serve()


def failed_twice(detail: str = "") -> Loop:
    """Return a loop whose service is down, and whose two restarts at once have failed."""
    loop = Loop()
    loop.down("web", "f1")
    loop.pump()
    for expected in (1, 2):
        assert len(loop.commands()) == expected
        loop.finish(loop.commands()[-1], "failed", detail=detail)
        loop.pump()
    return loop


def test_a_dead_service_is_restarted_in_the_same_moment() -> None:
    loop = Loop()
    loop.down("web", "f1")
    loop.pump()
    assert [command.action for command in loop.commands()] == ["service.restart"]
    assert loop.events("action.granted")[0].time == loop.events("finding.raised")[0].time


def test_a_service_that_dies_at_once_is_tried_with_growing_pauses_for_ever() -> None:
    service = DyingService()
    service.die()
    service.run(3600)
    pauses = [b - a for a, b in zip(service.started, service.started[1:], strict=False)]
    assert pauses[0] == 0
    assert pauses[1:5] == pytest.approx([2, 4, 8, 16], abs=1.01)
    assert max(pauses) <= 301
    assert pauses[-1] >= 299
    assert 12 <= len(service.started) <= 22
    assert service.loop.now - service.started[-1] <= 301


def test_strategies_take_turns_after_two_ineffective_tries() -> None:
    service = DyingService()
    service.die()
    service.run(120)
    restart, kill = "service.restart", "service.kill_stuck"
    assert service.actions[:6] == [restart, restart, kill, kill, restart, restart]


def test_the_third_failure_in_a_row_alerts_and_recovery_ends_the_alert() -> None:
    service = DyingService()
    service.die()
    service.run(30)
    raised = [e for e in service.loop.events("finding.raised") if e.data["kind"] == "crash_loop"]
    assert len(raised) == 1
    assert raised[0].data["severity"] == "high"
    assert "failed 3 times in a row" in raised[0].data["summary"]
    assert "next try at 20" in raised[0].data["summary"]
    changed = service.loop.events("finding.changed")
    assert "failed 4 times in a row" in changed[0].data["summary"]
    service.loop.up("web", f"down-{service.deaths}")
    service.loop.tick(700)
    ended = [e for e in service.loop.events("finding.ended") if e.data["kind"] == "crash_loop"]
    assert [e.data["finding_id"] for e in ended] == [raised[0].data["finding_id"]]


def test_a_failed_restart_is_tried_again_at_once_and_then_with_a_pause() -> None:
    loop = failed_twice("exit status 1")
    assert len(loop.commands()) == 2
    withheld = loop.events("action.withheld")[-1].data
    assert withheld["reason"] == "backoff"
    assert withheld["retry_at"] == loop.now + 2
    loop.tick(2)
    assert len(loop.commands()) == 3


def test_a_verified_recovery_ends_failures_and_cooldown() -> None:
    loop = Loop()
    for number in range(5):
        loop.down("web", f"f{number}")
        loop.pump()
        assert len(loop.commands()) == number + 1, "each death, well apart, is answered at once"
        loop.finish(loop.commands()[-1])
        loop.up("web", f"f{number}")
        loop.pump()
        loop.tick(11)
    assert {command.attempt for command in loop.commands()} == {1}


def test_a_finding_that_ended_before_its_next_try_is_left_alone() -> None:
    loop = failed_twice()
    loop.up("web", "f1")
    loop.tick(60)
    assert len(loop.commands()) == 2


def test_a_verified_action_whose_finding_stays_open_counts_as_failed_after_the_cooldown() -> None:
    loop = Loop()
    loop.down("web", "f1")
    loop.pump()
    loop.finish(loop.commands()[0])
    loop.pump()
    assert loop.events("action.withheld")[-1].data["reason"] == "cooldown"
    loop.tick(59)
    assert len(loop.commands()) == 1
    loop.tick(2)
    assert [command.attempt for command in loop.commands()] == [1, 2]


def test_failures_count_on_where_the_trouble_comes_back_before_it_counts_as_over() -> None:
    loop = failed_twice()
    loop.up("web", "f1")
    loop.pump()
    loop.down("web", "f2")
    loop.tick(40)  # longer than the trouble would have had to stay away
    loop.finish(loop.commands()[-1], "failed")
    loop.pump()
    raised = [event.data["kind"] for event in loop.events("finding.raised")]
    assert raised.count("crash_loop") == 1
    assert [command.attempt for command in loop.commands()][:3] == [1, 2, 3]


def test_the_end_of_other_trouble_does_not_put_off_the_moment_in_which_a_fix_has_worked() -> None:
    loop, stable_s = Loop(), default_policy().limits.stable_after_s
    odd = FindingRaised("odd", "anomaly", "warning", "cpu_usage", 97.0, 10.0, 40.0, loop.now,
                        "odd", 1, agent_type="service", labels=LABELS)  # fmt: skip
    loop.send("finding.raised", "default/web", odd)
    loop.down("web", "f1")
    loop.pump()
    loop.finish(loop.commands()[-1])
    loop.pump()
    loop.up("web", "f1")
    loop.pump()
    loop.tick(0.8 * stable_s)
    over = FindingEnded("odd", "anomaly", "cpu_usage", "recovered", stable_s)
    loop.send("finding.ended", "default/web", over)
    loop.tick(0.4 * stable_s)
    loop.down("web", "f2")
    loop.pump()
    assert [command.attempt for command in loop.commands()] == [1, 1]


def test_what_was_refused_is_not_proposed_again_at_once() -> None:
    limits = replace(default_policy().limits, max_queued=0, max_concurrent=0)
    loop = Loop(replace(default_policy(), version=2, limits=limits))
    loop.down("web", "f1")
    loop.pump()
    assert [event.data["reason"] for event in loop.events("action.refused")] == ["queue_full"]
    withheld = loop.events("action.withheld")[-1].data
    assert withheld["reason"] == "backoff"
    assert withheld["retry_at"] == loop.now + limits.backoff_base_s
