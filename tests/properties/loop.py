"""The steps decision and governor, closed into a loop through a log held in memory.

Signed bytes go through the real sealer, codec and signature check; only the broker is absent.
"""

from __future__ import annotations

from typing import Any

import msgspec

from config.policy import Policy, default_policy, policy_hash
from processors.decision.step import decision
from processors.governor.step import governor
from processors.step import Context, Sealer
from streams.contracts.envelope import Event, decode_event, outgoing, rfc3339
from streams.contracts.events.action import ActionFinished, CarryOut, Command
from streams.contracts.events.finding import FindingEnded, FindingRaised
from streams.contracts.events.registry import BY_DATA, EVENT_TYPES
from streams.contracts.events.silence import SilenceCreated, SilenceEnded
from streams.contracts.events.system import PolicyChanged
from streams.contracts.partitioning import partition_for
from streams.contracts.record import Outgoing, Record
from streams.contracts.telemetry import encode_tick
from streams.contracts.trust import RecordKind, Signer

PARTITIONS = 2
SIGNER = Signer(b"a secret for tests only")
LABELS = {"host": "alpha", "managed": "true"}


class Worker:
    """One step on one partition, with the snapshot that a crash falls back to."""

    def __init__(self, step: Any, partition: int, partitions: int) -> None:
        self.step = step
        self.context = Context(step.inbox.name, partition, partitions, SIGNER)
        self.sealer = Sealer(step.name, self.context)
        self.state = step.initial(self.context)
        self.read = 0
        self.kept = (0, step.dump(self.state))

    def fold(self, records: list[Record]) -> list[Outgoing]:
        """Fold what is new."""
        new = records[self.read :]
        self.read = len(records)
        return self.sealer.seal(self.step.apply(self.state, new))

    def snapshot(self) -> None:
        self.kept = (self.read, self.step.dump(self.state))

    def crash(self) -> None:
        """Lose the state; what follows the snapshot is read, and written, again."""
        self.read, kept = self.kept
        self.state = self.step.load(self.context, kept)


class Loop:
    """The log and its workers; time passes only when told to."""

    def __init__(self, policy: Policy | None = None) -> None:
        self.now = 1_700_000_000.0
        self.logs: dict[tuple[str, int], list[Record]] = {}
        self.governor = Worker(governor(), 0, 1)
        self.deciders = [Worker(decision(), p, PARTITIONS) for p in range(PARTITIONS)]
        self._serial = 0
        if policy is not None:
            self.policy(policy)

    def workers(self) -> list[Worker]:
        return [*self.deciders, self.governor]

    def append(self, record: Outgoing) -> None:
        partition = record.partition
        if partition is None:
            partition = partition_for(record.key or b"", PARTITIONS)
        log = self.logs.setdefault((record.topic, partition), [])
        position = (record.topic, partition, len(log))
        log.append(Record(*position, self.now, record.key, record.value, record.headers))

    def pump(self) -> None:
        """Let every worker read until nothing new is written."""
        moved = True
        while moved:
            moved = False
            for worker in self.workers():
                place = (worker.step.inbox.name, worker.context.partition)
                for record in worker.fold(self.logs.get(place, [])):
                    moved = True
                    self.append(record)

    def send(self, name: str, subject: str, data: msgspec.Struct, **more: str) -> None:
        """Write an event from outside into the topics of its type."""
        kind = EVENT_TYPES[name]
        self._serial += 1
        event = Event(
            id=more.pop("id", f"outside-{self._serial}"),
            source=more.pop("source", "/tests"),
            type=kind.name,
            subject=subject,
            time=rfc3339(self.now),
            tenant=subject.partition("/")[0],
            data=msgspec.to_builtins(data),
            dataschema=kind.dataschema,
            **more,
        )
        for topic in kind.to:
            partition = 0 if topic.single else None
            self.append(SIGNER.sign(outgoing(event, topic.name, partition)))

    def silence(self, data: SilenceCreated | SilenceEnded, tenant: str = "default") -> None:
        """Broadcast what a person says of a silence."""
        kind = BY_DATA[type(data)]
        self._serial += 1
        event = Event(
            id=f"silence-{self._serial}",
            source="/api",
            type=kind.name,
            subject=f"{tenant}/silences",
            time=rfc3339(self.now),
            tenant=tenant,
            data=msgspec.to_builtins(data),
            dataschema=kind.dataschema,
        )
        for worker in self.deciders:
            record = outgoing(event, worker.step.inbox.name, worker.context.partition)
            self.append(SIGNER.sign(record))
        self.pump()

    def policy(self, policy: Policy) -> None:
        """Broadcast a policy."""
        data = PolicyChanged(
            policy.version, policy_hash(policy), msgspec.to_builtins(policy), "tests"
        )
        for worker in self.workers():
            kind = EVENT_TYPES["policy.changed"]
            event = Event(
                id=f"policy-{policy.version}-{worker.step.name}-{worker.context.partition}",
                source="/tests",
                type=kind.name,
                subject="default/policy",
                time=rfc3339(self.now),
                tenant="default",
                data=msgspec.to_builtins(data),
                dataschema=kind.dataschema,
            )
            topic = worker.step.inbox.name
            self.append(SIGNER.sign(outgoing(event, topic, worker.context.partition)))
        self.pump()

    def tick(self, seconds: float) -> None:
        """Let time pass, with a tick every five seconds and one at each waiting timer."""
        end = self.now + seconds
        while self.now < end:
            due = [worker.step.next_due(worker.state) for worker in self.workers()]
            timers = [moment for moment in due if moment is not None and moment > self.now]
            self.now = min([end, self.now + 5.0, *timers])
            for worker in self.workers():
                topic, partition = worker.step.inbox.name, worker.context.partition
                tick = Outgoing(topic, None, encode_tick(self.now), (), partition)
                self.append(SIGNER.sign(tick, RecordKind.TICK))
            self.pump()

    def events(self, *names: str) -> list[Event]:
        """Return every event of these types ever written, once each, in order of writing."""
        seen: dict[str, Event] = {}
        for log in self.logs.values():
            for record in log:
                if record.header("hs-kind") == b"event":
                    event = decode_event(record.value)
                    if event.type in names or not names:
                        seen.setdefault(event.id, event)
        return sorted(seen.values(), key=lambda event: (event.time, event.sequence))

    def commands(self) -> list[Command]:
        """Return the commands in the order in which executors read them; no questions."""
        records = self.logs.get(("actions.commands", 0), [])
        found: dict[str, Command] = {}
        for record in records:
            event = decode_event(record.value)
            if event.type == "action.carry_out":
                found.setdefault(event.id, msgspec.convert(event.data, CarryOut).command)
            elif event.type != "action.preview":
                found.setdefault(event.id, msgspec.convert(event.data, Command))
        return list(found.values())

    def down(self, agent: str, finding_id: str, **labels: str) -> None:
        """Raise the finding that a service is down."""
        data = FindingRaised(
            finding_id=finding_id,
            kind="service_down",
            severity="critical",
            metric="up",
            value=0.0,
            expected_low=1.0,
            expected_high=None,
            since=self.now,
            summary=f"{agent} is down",
            policy_version=default_policy().version,
            agent_type="service",
            labels=LABELS | labels,
        )
        self.send("finding.raised", f"default/{agent}", data)

    def up(self, agent: str, finding_id: str) -> None:
        """End that finding."""
        data = FindingEnded(finding_id, "service_down", "up", "recovered", 0.1)
        self.send("finding.ended", f"default/{agent}", data)

    def finish(self, command: Command, outcome: str = "succeeded", **more: Any) -> None:
        """Write an executor's result, with the id that it derives from the command."""
        data = ActionFinished(
            command.action_id,
            command.action,
            command.target,
            command.host,
            outcome=outcome,
            verified=outcome == "succeeded",
            detail=more.pop("detail", f"it {outcome}"),
            duration_s=0.2,
            **more,
        )
        self.send(
            "action.finished",
            command.target,
            data,
            id=f"finished-{command.action_id}",
            source=f"/executors/{command.host}",
        )
