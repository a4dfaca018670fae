"""Recorded histories of surveillance: what lay in one partition of its inbox, and what it wrote.

``python -m tests.histories.surveillance.surveillance_histories`` records them anew, on purpose: a
difference is a change of behaviour, and goes with a new version of the step.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from config.policy import default_policy, policy_hash
from config.threats import ThreatRule
from processors.step import Context, Sealer
from processors.surveillance.step import Surveillance
from streams.contracts.envelope import Event, encode_event, rfc3339
from streams.contracts.events.agent import LifecycleRequested
from streams.contracts.events.registry import EVENT_TYPES
from streams.contracts.events.system import PolicyChanged, RecordRedriven
from streams.contracts.record import Outgoing, Record
from streams.contracts.telemetry import encode_tick
from streams.contracts.trust import RecordKind, Signer

FOLDER: Final = Path(__file__).parent
SIGNER: Final = Signer(b"a secret for tests only")
CONTEXT: Final = Context("telemetry", 0, 1, SIGNER)
BEGIN: Final = 1_700_000_040.0


class Log:
    """One partition of the inbox; time passes only when told to."""

    def __init__(self) -> None:
        self.now = BEGIN
        self.records: list[Record] = []
        self._policy(replace(default_policy(), version=2))

    def beat(self, agent: str = "a1", *, signed: bool = False, **fields: Any) -> None:
        value = msgspec.json.encode({"agent_id": agent, **fields})
        self._append(value, RecordKind.TELEMETRY if signed else None)

    def tick(self, seconds: float, *, each: Callable[[], None] | None = None) -> None:
        """Let time pass, a tick every five seconds; `each` is done before every one."""
        for _ in range(int(seconds // 5)):
            self.now += 5.0
            if each is not None:
                each()
            self._append(encode_tick(self.now), RecordKind.TICK)

    def forge(self, at: float) -> None:
        """Write a tick that another installation signed."""
        foreign = Signer(b"another installation")
        made = foreign.sign(Outgoing("telemetry", None, encode_tick(at)), RecordKind.TICK)
        self._put(made.value, made.headers)

    def ask(self, agent: str, status: str) -> None:
        self._event("agent.lifecycle_requested", agent, LifecycleRequested(status, "asked", "ada"))

    def change(self, **thresholds: float) -> None:
        """Bring a policy into force with other limits for the CPU."""
        policy = default_policy()
        watch = policy.surveillance
        changed = [
            replace(rule, **thresholds) if rule.metric == "cpu_usage" else rule
            for rule in watch.thresholds
        ]
        self._policy(replace(policy, version=3, surveillance=replace(watch, thresholds=changed)))

    def _policy(self, policy: Any) -> None:
        plain = msgspec.to_builtins(policy)
        data = PolicyChanged(policy.version, policy_hash(policy), plain, "tests")
        self._event("policy.changed", "policy", data)

    def _event(self, name: str, subject: str, data: msgspec.Struct) -> None:
        event = Event(
            id=f"outside-{len(self.records)}",
            source="/tests",
            type=name,
            subject=f"default/{subject}",
            time=rfc3339(self.now),
            tenant="default",
            data=msgspec.to_builtins(data),
            dataschema=EVENT_TYPES[name].dataschema,
        )
        self._append(encode_event(event), RecordKind.EVENT)

    def _append(self, value: bytes, kind: RecordKind | None) -> None:
        signed = None if kind is None else SIGNER.sign(Outgoing("telemetry", None, value), kind)
        self._put(value, () if signed is None else signed.headers)

    def _put(self, value: bytes, headers: tuple[tuple[str, bytes], ...]) -> None:
        place = ("telemetry", 0, len(self.records))
        self.records.append(Record(*place, self.now, None, value, headers))


def silence() -> Log:
    """Let two agents come, one fall silent and return; a forged tick moves no time."""
    log = Log()
    log.beat("web", agent_type="service", labels={"host": "alpha"}, metrics={"q": 1})

    def both() -> None:
        log.beat("web", metrics={"q": 1})
        log.beat(metrics={"q": 2})

    log.tick(30, each=both)
    log.forge(log.now + 9000.0)
    log.tick(60, each=lambda: log.beat(metrics={"q": 2}))
    log.beat("web", metrics={"q": 3}, status="idle", labels={"host": "beta"})
    log.tick(10, each=lambda: log.beat(metrics={"q": 2}))
    return log


def limits() -> Log:
    """Hold a threshold, fall between its levels, clear it; then a policy tightens it mid-way."""
    log = Log()
    for cpu, seconds in ((80.0, 40), (60.0, 10), (80.0, 70), (95.0, 70), (72.0, 70), (60.0, 70)):
        log.tick(seconds, each=partial(log.beat, metrics={"cpu_usage": cpu}))
    log.change(warning=55.0, critical=70.0, clear=40.0, duration_s=10.0)
    for cpu, seconds in ((60.0, 20), (75.0, 20), (30.0, 20)):
        log.tick(seconds, each=partial(log.beat, metrics={"cpu_usage": cpu}))
    return log


def life() -> Log:
    """Let a service begin dead, live, rest in maintenance, be refused, and leave dead."""
    log = Log()
    service = {"signed": True, "agent_type": "service", "labels": {"host": "alpha"}}
    log.beat("web", metrics={"up": 0}, **service)
    log.tick(5)
    log.beat("web", metrics={"up": 1}, **service)
    log.beat("web", metrics={"up": 0}, at=log.now - 3.0, **service)
    log.beat("web", metrics={"up": 1})
    log.beat("web", metrics={"q": 1}, tenant_id="other")
    for status in ("maintenance", "maintenance", "active", "decommissioned", "decommissioning"):
        log.ask("web", status)
        up = float(not status.startswith("decommission"))
        log.tick(5, each=partial(log.beat, "web", metrics={"up": up}, **service))
    log.beat("web", metrics={"up": 1}, **service)
    log.ask("nobody", "maintenance")
    return log


def anomaly() -> Log:
    """Learn what is usual; meet a fault that lasts and is accepted, then one that goes away."""
    log = Log()
    policy = default_policy()
    watch = policy.surveillance
    detector = replace(watch.detector, accept_after_s=3600.0)
    log._policy(replace(policy, version=3, surveillance=replace(watch, detector=detector)))
    for level, beats in ((20.0, 260), (60.0, 400), (900.0, 4), (60.0, 130)):
        for k in range(beats):
            log.now += 60.0
            noise = k * k * 31 % 17 / 8.0
            log.beat(metrics={"queue": level + noise, "waiting": 3.0 * level - noise})
    return log


def redrive() -> Log:
    """Send in again a heartbeat that is acceptable by now, and one that never is."""
    log = Log()
    log.tick(5)
    for name, metrics in (("first", {"q": 1}), ("second", {"up": 1}), ("first", {"q": 1})):
        value = base64.b64encode(msgspec.json.encode({"agent_id": "late", "metrics": metrics}))
        letter = RecordRedriven(
            name, "ada", "telemetry", 0, 7, log.now - 60.0, "", value.decode(), []
        )
        log._event("record.redriven", "telemetry", letter)
    return log


def threats() -> Log:
    """Break each rule that ships and two of a user's own, until one is quarantined; release it."""
    log = Log()
    policy = default_policy()
    watch = policy.surveillance
    own = [
        ThreatRule(name="surge", metric="requests", aggregate="deviation", above=3.0,
                   window_s=3600.0, points=25.0),
        ThreatRule(name="often_at_limits", event="finding", kinds=["threshold"], count=2,
                   window_s=3600.0, severity="critical", points=30.0),
    ]  # fmt: skip
    changed = replace(watch, threats=[*watch.threats, *own])
    log._policy(replace(policy, version=3, surveillance=changed))
    for minute in range(100):
        log.now += 60.0
        _break_rules(log, minute)
        log._append(encode_tick(log.now), RecordKind.TICK)
    log.ask("rogue", "active")
    log.now += 7200.0
    log._append(encode_tick(log.now), RecordKind.TICK)
    return log


def _break_rules(log: Log, minute: int) -> None:
    busy = 99.0 if 5 <= minute < 35 else 20.0
    log.beat("rogue", metrics={
        "cpu_usage": busy, "memory_usage": busy, "error_rate": 0.5 * (10 <= minute < 30),
        "bytes_sent": 1e12 + 4e7 * max(0, minute - 20),
    })  # fmt: skip
    for status in ("busy", "idle", "busy")[: 3 if minute < 6 else 1]:
        log.beat("fickle", metrics={"q": 1}, status=status)
    log.beat("shop", metrics={"requests": 900.0 if minute == 60 else 50.0 + minute * 7 % 5})


def speech() -> Log:
    """Let an agent answer well and poorly, repeat itself, tell a secret, fall silent, and work."""
    log = Log()
    policy = default_policy()
    watch = policy.surveillance
    brief = replace(watch.conversations, idle_s=600.0)
    log._policy(replace(policy, version=3, surveillance=replace(watch, conversations=brief)))
    said = ("The queue of node {} grew, so two workers were added to it at once.",) * 5
    said += ("", "", "password=Tr0ub4dor&3", "x" * 16_001) * 4
    for n, text in enumerate(said):
        message = {"conversation_id": "c1", "text": text.format(n // 6), "tokens": n}
        log.beat("bot", agent_type="ai_agent", metrics={}, message=message)
        log.tick(20)

    def answer() -> None:
        done = {"completed_tasks": log.now - BEGIN, "failed_tasks": 0.0, "active_tasks": 2.0}
        late = 900.0 if log.now % 3600 < 1800 else 25_000.0
        log.beat("bot", metrics={"response_time_avg": late, "cpu_usage": 55.0, **done})

    log.tick(1500, each=answer)
    return log


HISTORIES: Final[dict[str, Callable[[], Log]]] = {
    "silence": silence,
    "limits": limits,
    "life": life,
    "anomaly": anomaly,
    "redrive": redrive,
    "threats": threats,
    "speech": speech,
}


def written(records: list[Record], size: int) -> list[Outgoing]:
    """Return what the step writes where the log is fetched `size` records at a time."""
    step = Surveillance()
    state, emissions = step.initial(CONTEXT), []
    for first in range(0, len(records), size):
        emissions += step.apply(state, records[first : first + size])
    return Sealer(step.name, CONTEXT).seal(emissions)


def history_of(records: list[Record], wrote: list[Outgoing]) -> bytes:
    """Return what was read and what was written as JSON Lines, a record a line."""
    step = Surveillance()
    head = {"step": step.name, "version": step.version}
    read = [
        {
            "timestamp": record.timestamp,
            "headers": [[name, content.hex()] for name, content in record.headers],
            "read": (record.value or b"").decode(),
        }
        for record in records
    ]
    facts = [{"topic": record.topic, "wrote": record.value.decode()} for record in wrote]
    return msgspec.json.Encoder().encode_lines([head, *read, *facts])


def path_of(name: str) -> Path:
    return FOLDER / f"{name}.jsonl"


def main() -> None:
    for name, play in HISTORIES.items():
        records = play().records
        path_of(name).write_bytes(history_of(records, written(records, len(records))))


if __name__ == "__main__":
    main()
