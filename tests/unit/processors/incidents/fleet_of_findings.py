"""The step *incidents* over a log of findings; time passes only when told to."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from config.incidents import IncidentPolicy
from config.policy import default_policy, policy_hash
from processors.incidents.step import incidents
from processors.step import Context, Sealer
from streams.contracts.envelope import Event, decode_event, outgoing, rfc3339
from streams.contracts.events.agent import AgentRegistered
from streams.contracts.events.finding import FindingChanged, FindingEnded, FindingRaised
from streams.contracts.events.incident import IncidentOpened
from streams.contracts.events.registry import BY_DATA, event_type
from streams.contracts.events.system import PolicyChanged
from streams.contracts.record import Outgoing, Record
from streams.contracts.telemetry import encode_tick
from streams.contracts.trust import RecordKind, Signer

SIGNER = Signer(b"a secret for tests only")
CONTEXT = Context("correlation", 0, 1, SIGNER)
T0 = 1_700_000_000.0
STEP = incidents()


class Findings:
    """One inbox, and everything that the step says of it."""

    def __init__(self, policy: IncidentPolicy | None = None) -> None:
        self.now = T0
        self.records: list[Record] = []
        self.state = STEP.initial(CONTEXT)
        self.told: list[Event] = []
        if policy is not None:
            whole = replace(default_policy(), version=2, incidents=policy)
            plain = msgspec.to_builtins(whole)
            self.send("default/policy", PolicyChanged(2, policy_hash(whole), plain, "tests"))

    def register(self, agent: str, agent_type: str = "service", **labels: str) -> None:
        """Let an agent be known, with its labels."""
        data = AgentRegistered(agent, agent_type, provisional=False, labels=labels)
        self.send(f"default/{agent}", data)

    def fail(
        self,
        agent: str,
        *,
        kind: str = "service_down",
        metric: str = "up",
        severity: str = "critical",
        since: float | None = None,
        finding: str = "",
        excess: float = 0.0,
    ) -> str:
        """Raise a finding; return its id."""
        finding_id = finding or f"{agent}-{len(self.records)}"
        began = self.now if since is None else since
        value, low, high = (1.0 + excess, 0.0, 1.0) if excess else (0.0, None, None)
        data = FindingRaised(
            finding_id, kind, severity, metric, value, low, high, began, f"{agent} fails", 1
        )
        self.send(f"default/{agent}", data)
        return finding_id

    def worsen(self, agent: str, finding_id: str, severity: str) -> None:
        """Give an open finding another severity."""
        data = FindingChanged(finding_id, "service_down", severity, "up", 0.0, f"{agent} fails")
        self.send(f"default/{agent}", data)

    def heal(self, agent: str, finding_id: str) -> None:
        """End a finding."""
        data = FindingEnded(finding_id, "service_down", "up", "recovered", 1.0)
        self.send(f"default/{agent}", data)

    def wait(self, seconds: float, every: float = 1.0) -> None:
        """Let time pass, with a tick every so many seconds."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + every)
            tick = SIGNER.sign(
                Outgoing("correlation", None, encode_tick(self.now)), RecordKind.TICK
            )
            self._append(SIGNER.sign(tick, RecordKind.TICK))

    def of(self, *types: str) -> list[dict[str, Any]]:
        """Return the data of what was told, of these types."""
        return [event.data for event in self.told if event.type.removeprefix("incident.") in types]

    def latest(self) -> dict[str, IncidentOpened]:
        """Return incidents that are not closed, as they were last told of."""
        found: dict[str, IncidentOpened] = {}
        for event in self.told:
            if event.type == "incident.closed":
                found.pop(event.data["incident_id"])
            else:
                data = msgspec.convert(event.data, event_type(event.type).data)
                found[data.incident_id] = data
        return found

    def only(self) -> IncidentOpened:
        """Return the one incident that is not closed."""
        (found,) = self.latest().values()
        return found

    def send(self, subject: str, data: msgspec.Struct) -> None:
        """Write news of `subject`, which is ``tenant/agent``."""
        kind = BY_DATA[type(data)]
        event = Event(
            id=f"outside-{len(self.records)}",
            source="/tests",
            type=kind.name,
            subject=subject,
            time=rfc3339(self.now),
            tenant=subject.partition("/")[0],
            data=msgspec.to_builtins(data),
            dataschema=kind.dataschema,
        )
        self._append(SIGNER.sign(outgoing(event, "correlation", 0)))

    def _append(self, record: Outgoing) -> None:
        offset = len(self.records)
        read = Record("correlation", 0, offset, self.now, record.key, record.value, record.headers)
        self.records.append(read)
        self.told += [decode_event(out.value) for out in folded(self.state, [read])]


def folded(state: Any, records: list[Record]) -> list[Outgoing]:
    """Fold `records` into `state`; return what follows, sealed."""
    return Sealer(STEP.name, CONTEXT).seal(STEP.apply(state, records))
