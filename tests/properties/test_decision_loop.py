"""Decision and governor, driven by a log that drops, doubles and delays, and workers that crash."""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from processors.governor.guards import judge
from processors.governor.verdicts import Grant, Situation
from processors.silences.book import covering
from streams.contracts.events.action import ActionRequested, ApprovalGiven, Command
from streams.contracts.events.agent import AgentRegistered
from streams.contracts.events.silence import Matcher, SilenceCreated, SilenceEnded
from tests.properties.loop import Loop

AGENTS = st.sampled_from(["web", "db", "cache", "mail", "queue", "search"])
_STORY = ("finding.withheld", "finding.released", "action.proposed")
HOST_OF = {"web": "alpha", "db": "alpha", "cache": "alpha", "mail": "beta", "queue": "beta"}


class Automation(RuleBasedStateMachine):
    """Services die and recover, executors answer late, twice or never."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = Loop()
        self.open: dict[str, str] = {}
        self.serial = 0
        self.results: list[tuple[Command, str]] = []
        self.taken = 0
        self.silences: list[str] = []

    def pump(self) -> None:
        self.loop.pump()

    @rule(agent=AGENTS)
    def dies(self, agent: str) -> None:
        if agent not in self.open:
            self.serial += 1
            self.open[agent] = f"finding-{self.serial}"
            self.loop.down(agent, self.open[agent], host=HOST_OF.get(agent, "gamma"))
            self.pump()

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def recovers(self, data: st.DataObject) -> None:
        agent = data.draw(st.sampled_from(sorted(self.open)))
        self.loop.up(agent, self.open.pop(agent))
        self.pump()

    @precondition(lambda self: len(self.loop.commands()) > self.taken)
    @rule(
        outcome=st.sampled_from(["succeeded", "failed", "timed_out", "undone", "refused"]),
        fate=st.sampled_from(["delivered", "doubled", "delayed", "lost"]),
    )
    def executes(self, outcome: str, fate: str) -> None:
        command = self.loop.commands()[self.taken]
        self.taken += 1
        if fate == "delayed":
            self.results.append((command, outcome))
        elif fate != "lost":
            for _ in range(2 if fate == "doubled" else 1):
                self.loop.finish(command, outcome)
            self.pump()

    @precondition(lambda self: self.results)
    @rule()
    def answers_late(self) -> None:
        self.loop.finish(*self.results.pop(0))
        self.pump()

    @rule(seconds=st.sampled_from([1.0, 7.0, 30.0, 120.0]))
    def waits(self, seconds: float) -> None:
        self.loop.tick(seconds)

    @rule(worker=st.integers(0, 2), snapshot=st.booleans())
    def crashes(self, worker: int, snapshot: bool) -> None:
        victim = self.loop.workers()[worker]
        victim.snapshot() if snapshot else victim.crash()
        self.pump()

    @rule(agent=AGENTS)
    def a_person_asks(self, agent: str) -> None:
        key = f"default/{agent}"
        labels = {"host": HOST_OF.get(agent, "gamma")}
        known = AgentRegistered(agent, "service", provisional=False, labels=labels)
        self.loop.send("agent.registered", key, known)
        self.loop.send("action.requested", key, ActionRequested("service.restart", key, {}, "ada"))
        self.pump()

    @rule(agent=AGENTS, lasts_s=st.sampled_from([5.0, 40.0, 600.0]), maintenance=st.booleans())
    def is_silenced(self, agent: str, lasts_s: float, maintenance: bool) -> None:
        self.serial += 1
        begin = self.loop.now + 3.0 * (self.serial % 2)
        about = [Matcher("agent", agent)]
        name = f"silence-{self.serial}"
        self.silences.append(name)
        self.loop.silence(
            SilenceCreated(name, about, begin, begin + lasts_s, "r", "ada", maintenance)
        )

    @precondition(lambda self: self.silences)
    @rule()
    def is_not_silenced_any_more(self) -> None:
        self.loop.silence(SilenceEnded(self.silences.pop(0), "bob", "r"))

    @rule()
    def answers_nothing(self) -> None:
        answer = ApprovalGiven("nobody-knows-it", approved=True, by="eve")
        self.loop.send("action.approval_given", "default/web", answer)
        self.pump()

    @invariant()
    def nothing_waits_without_a_reason(self) -> None:
        state = self.loop.governor.state
        limits = state.in_force.policy.limits
        for work in state.inner.work.values():
            if work.state == "queued":
                verdict = judge(Situation(state.inner, work, limits, state.time))
                assert not isinstance(verdict, Grant)

    @invariant()
    def slots_are_kept(self) -> None:
        running = list(self.loop.governor.state.inner.running())
        assert len(running) <= 3
        assert all(n <= 2 for n in Counter(w.proposal.host for w in running).values())
        assert all(n == 1 for n in Counter(w.subject for w in running).values())

    @invariant()
    def a_command_is_written_once(self) -> None:
        assert all(n == 1 for n in Counter(c.action_id for c in self.loop.commands()).values())

    @invariant()
    def what_is_silenced_is_withheld_and_nothing_else(self) -> None:
        for worker in self.loop.deciders:
            state = worker.state.inner
            for key, target in state.targets.items():
                for each in (*target.findings.values(), *target.notices.values()):
                    silence = covering(state.silences, key, each.raised)
                    named = each.withheld.silence_id if each.withheld else None
                    assert named == (silence and silence.said.silence_id)

    def nothing_was_proposed_in_maintenance(self) -> None:
        held: set[str] = set()
        for event in self.loop.events(*_STORY):
            finding = event.data["finding_id"]
            if event.type == "action.proposed" and not event.data["requested_by"]:
                assert finding not in held
            elif event.type == "finding.withheld" and event.data["maintenance"]:
                held.add(finding)
            elif event.type != "action.proposed":
                held.discard(finding)

    def teardown(self) -> None:
        """Calm: findings end, results come or are given up; then nothing may be left over."""
        for agent in sorted(self.open):
            self.loop.up(agent, self.open[agent])
        self.pump()
        self.loop.tick(1000.0)
        assert not self.loop.governor.state.inner.work
        for worker in self.loop.deciders:
            assert not worker.state.inner.targets
            assert not worker.state.inner.due
            assert not worker.state.inner.silences
        self.nothing_was_proposed_in_maintenance()
        proposed = {event.data["action_id"] for event in self.loop.events("action.proposed")}
        ends = Counter(
            event.data["action_id"]
            for event in self.loop.events("action.concluded", "action.refused")
        )
        assert proposed == set(ends)
        assert all(n == 1 for n in ends.values())
        assert not self.loop.events("record.dead_lettered")


TestAutomation = Automation.TestCase
TestAutomation.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
