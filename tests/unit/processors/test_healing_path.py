"""From a service's death to the command that restarts it: three steps and a log, no clock."""

from __future__ import annotations

from typing import Any

from processors.surveillance.step import Surveillance
from streams.contracts.record import Outgoing
from streams.contracts.telemetry import Heartbeat, encode_heartbeat
from streams.contracts.trust import RecordKind
from tests.properties.loop import PARTITIONS, SIGNER, Loop, Worker


class Installation(Loop):
    """The loop, with surveillance before it."""

    def __init__(self) -> None:
        super().__init__()
        self.watchers = [Worker(Surveillance(), p, PARTITIONS) for p in range(PARTITIONS)]

    def workers(self) -> list[Worker]:
        return [*getattr(self, "watchers", []), *super().workers()]

    def reports(self, agent: str, up: int, **labels: Any) -> None:
        """Write a node's signed word on a service."""
        heartbeat = Heartbeat(
            agent,
            {"up": float(up)},
            agent_type="service",
            labels={"host": "alpha", "managed": "true", **labels},
        )
        sent = Outgoing("telemetry", heartbeat.key.encode(), encode_heartbeat(heartbeat))
        self.append(SIGNER.sign(sent, RecordKind.TELEMETRY))
        self.pump()


def targets(installation: Installation) -> list[str]:
    return [command.target.partition("/")[2] for command in installation.commands()]


def test_a_death_leads_to_a_restart_in_the_same_moment_and_recovery_ends_it() -> None:
    here = Installation()
    here.reports("web", 1)
    here.tick(30)
    here.reports("web", 0)
    (command,) = here.commands()
    assert (command.action, command.host) == ("service.restart", "alpha")
    here.finish(command)
    here.reports("web", 1)
    here.tick(30)
    assert len(here.commands()) == 1
    assert [e.data["reason"] for e in here.events("finding.ended")] == ["recovered"]
    assert not here.governor.state.inner.work
    assert not here.events("record.dead_lettered")


def test_declared_services_start_in_dependency_order() -> None:
    here = Installation()
    here.reports("web", 0, depends_on="app")
    here.reports("app", 0, depends_on="db")
    here.reports("db", 0)
    started: list[str] = []
    for _ in range(3):
        here.tick(6)
        for command in here.commands()[len(started) :]:
            started.append(command.target.partition("/")[2])
            here.finish(command)
            here.reports(started[-1], 1)
    assert started == ["db", "app", "web"]


def test_a_dozen_services_are_started_without_suspicion() -> None:
    here = Installation()
    for number in range(12):
        here.reports(f"s{number}", 0)
    done = 0
    while done < len(here.commands()):
        command = here.commands()[done]
        done += 1
        here.finish(command)
        here.reports(command.target.partition("/")[2], 1)
    assert sorted(targets(here)) == sorted(f"s{number}" for number in range(12))
    kinds = {event.data["kind"] for event in here.events("finding.raised")}
    assert kinds == {"service_down"}


def test_a_dozen_services_that_die_at_once_come_back_one_by_one() -> None:
    here = Installation()
    for number in range(12):
        here.reports(f"s{number}", 1)
    here.tick(10)
    for number in range(12):
        here.reports(f"s{number}", 0)
    done = 0
    while done < len(here.commands()):
        command = here.commands()[done]
        done += 1
        here.finish(command)
        here.reports(command.target.partition("/")[2], 1)
    assert sorted(targets(here)) == sorted(f"s{number}" for number in range(12))
    kinds = [event.data["kind"] for event in here.events("finding.raised")]
    assert kinds.count("automation_suspended") == 1
    assert [e.data["kind"] for e in here.events("finding.ended")].count("automation_suspended") == 1
