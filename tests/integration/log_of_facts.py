"""Makes signed records for the tests of the projections: what steps, executors and people write."""

from __future__ import annotations

from collections import Counter
from typing import Any

from processors.step import Context, Emission, Fact, Sealer
from streams.contracts.events import action as a
from streams.contracts.events import agent, finding
from streams.contracts.partitioning import partition_for
from streams.contracts.record import Outgoing, Record
from streams.contracts.trust import Signer

SECRET = b"a secret of thirty-two bytes, yes"
SIGNER = Signer(SECRET)
PARTITIONS = 4
T0 = 1_790_000_000.0


def sealed(step: str, topic: str, partition: int, facts: list[tuple[int, Fact]]) -> list[Outgoing]:
    """Return the signed records of facts that follow from the offsets given with them."""
    sealer = Sealer(step, Context(topic, partition, PARTITIONS, SIGNER))
    return sealer.seal([Emission(offset, fact) for offset, fact in facts])


def registered(agent_id: str, **metrics: float) -> Fact:
    data = agent.AgentRegistered(
        agent_id, "service", provisional=True, labels={"host": "h1"}, metrics=metrics
    )
    return Fact(f"default/{agent_id}", data, T0)


def status(agent_id: str, value: str, at: float, previous: str = "active") -> Fact:
    data = agent.AgentStatusChanged(previous, value, "heartbeat_missed")
    return Fact(f"default/{agent_id}", data, at)


def health(agent_id: str, level: str, score: float, at: float) -> Fact:
    data = agent.AgentHealthChanged(level, score, 2, at, ["service_down"])
    return Fact(f"default/{agent_id}", data, at)


def raised(agent_id: str, finding_id: str, at: float) -> Fact:
    data = finding.FindingRaised(
        finding_id, "service_down", "critical", "up", 0.0, 1.0, 1.0, at, "it is down", 1
    )
    return Fact(f"default/{agent_id}", data, at, finding_id)


def ended(agent_id: str, finding_id: str, at: float) -> Fact:
    data = finding.FindingEnded(finding_id, "service_down", "up", "recovered", 2.0)
    return Fact(f"default/{agent_id}", data, at, finding_id)


def proposed(agent_id: str, action_id: str, finding_id: str, at: float) -> Fact:
    data = a.ActionProposed(
        action_id, "service.restart", agent_id, "h1", {}, finding_id, "service_down", "critical",
        1, "auto", 0.3, 0.75, 30.0,
        [a.Candidate("service.restart", 1.0, 0.9, 0.9, 0.3, 0.75, "auto")], 1, "hash",
    )  # fmt: skip
    return Fact(f"default/{agent_id}", data, at, finding_id)


def granted(agent_id: str, action_id: str, finding_id: str, at: float) -> Fact:
    data = a.ActionGranted(action_id, "service.restart", agent_id, "h1", "", at + 60)
    return Fact(f"default/{agent_id}", data, at, finding_id)


def finished(agent_id: str, action_id: str, finding_id: str, at: float) -> Fact:
    data = a.ActionFinished(
        action_id,
        "service.restart",
        agent_id,
        "h1",
        "succeeded",
        verified=True,
        detail="is up",
        duration_s=0.2,
        evidence={"pid": 7},
    )
    return Fact(f"default/{agent_id}", data, at, finding_id)


def windows(
    agents: list[str],
    start: float,
    value: float,
    expected: tuple[float, float] | None = None,
    metric: str = "cpu_usage",
) -> Fact:
    keys = [f"default/{one}" for one in agents]
    same = [value] * len(agents)
    low, high = ([bound] * len(agents) for bound in expected or (None, None))
    data = agent.WindowsClosed(
        start, 60.0, metric, keys, [12] * len(agents), same, same, same, same, low, high
    )
    return Fact(keys[0], data, start + 60)


class FakeLog:
    """Gives records the offsets that a broker would give them."""

    def __init__(self) -> None:
        self._ends: Counter[tuple[str, int]] = Counter()

    def records(self, outgoing: list[Outgoing], at: float = T0) -> list[Record]:
        """Return `outgoing` as they would lie in the log."""
        return [self._record(one, at) for one in outgoing]

    def _record(self, one: Outgoing, at: float) -> Record:
        partition = one.partition
        if partition is None:
            partition = partition_for(one.key or b"", PARTITIONS)
        offset = self._ends[one.topic, partition]
        self._ends[one.topic, partition] += 1
        return Record(one.topic, partition, offset, at, one.key, one.value, one.headers)


def facts_only(records: list[Any]) -> list[Any]:
    """Return those of `records` that the projector reads as facts."""
    from projections.projector import FACTS

    names = {topic.name for topic in FACTS}
    return [record for record in records if record.topic in names]
