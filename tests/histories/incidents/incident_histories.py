"""Recorded histories of incidents: what lay in the inbox, and what was told.

``python -m tests.histories.incidents.incident_histories`` records them anew, on purpose: a
difference is a change of behaviour, and goes with a new version of the step.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

from config.incidents import IncidentPolicy
from streams.contracts.record import Outgoing, Record
from tests.unit.processors.incidents.fleet_of_findings import CONTEXT, STEP, Findings, folded

FOLDER: Final = Path(__file__).parent


def cascade() -> Findings:
    """Let services fail that need each other, merge two incidents, heal, and fail again."""
    fleet = Findings()
    fleet.register("alpha", "host")
    for agent, needed in {"db": "", "app": "db", "left": "app", "right": "app"}.items():
        fleet.register(agent, host="alpha" if agent == "db" else f"h-{agent}", depends_on=needed)
    down = [("left", fleet.fail("left", severity="warning"))]
    fleet.wait(3)
    down.append(("right", fleet.fail("right", kind="anomaly", metric="latency_ms", excess=3.0)))
    fleet.wait(3)
    down.append(("db", fleet.fail("db", since=fleet.now - 20.0)))
    down.append(("alpha", fleet.fail("alpha", kind="disk_pressure", metric="disk_usage")))
    down.append(("left", fleet.fail("left", kind="log_size", metric="log_size_mb")))
    down.append(("app", fleet.fail("app", kind="agent_offline", metric="")))
    fleet.wait(3)
    fleet.worsen("left", down[0][1], "critical")
    for agent, finding in down:
        fleet.heal(agent, finding)
        fleet.wait(2)
    fleet.wait(30, every=10)
    fleet.heal("db", fleet.fail("db"))
    fleet.wait(90, every=10)
    return fleet


def together() -> Findings:
    """Let a version fail, a threat go round, and two agents follow on each other until known."""
    fleet = Findings(IncidentPolicy(max_incidents=8, max_members=4))
    for n in range(12):
        fleet.register(
            f"a{n}", f"kind-{n % 5}", host=f"h{n}", version=str(n % 2), group=f"g{n % 4}"
        )
    for n in (0, 5, 10):
        fleet.register(f"a{n}", "kind-0", host=f"h{n}", version="9")
        fleet.fail(f"a{n}", kind="anomaly", metric="errors", severity="high")
    fleet.fail("a5", kind="log_size", metric="log_size_mb")
    fleet.fail("a10", kind="log_size", metric="log_size_mb")
    fleet.wait(3)
    fleet.wait(200, every=50)
    for n in range(7):
        fleet.fail(f"a{n}", kind="threat", metric="bytes_sent", severity="critical")
        fleet.wait(2)
    for _ in range(5):
        one = fleet.fail("first", metric="x")
        fleet.wait(9)
        other = fleet.fail("second", metric="y")
        fleet.heal("first", one)
        fleet.heal("second", other)
        fleet.wait(3)
        fleet.wait(300, every=60)
    for n in range(12):
        fleet.register(f"late-{n}", f"late-{n}")
        fleet.fail(f"late-{n}", metric=f"m{n}")
        fleet.wait(2)
    return fleet


HISTORIES: Final[dict[str, Callable[[], Findings]]] = {"cascade": cascade, "together": together}


def written(records: list[Record], size: int) -> list[Outgoing]:
    """Return what the step writes where the log is fetched `size` records at a time."""
    state, wrote = STEP.initial(CONTEXT), list[Outgoing]()
    for first in range(0, len(records), size):
        wrote += folded(state, records[first : first + size])
    return wrote


def history_of(records: list[Record], wrote: list[Outgoing]) -> bytes:
    """Return what was read and what was written as JSON Lines, a record a line."""
    lines: list[dict[str, object]] = [{"step": STEP.name, "version": STEP.version}]
    lines += [
        {
            "timestamp": record.timestamp,
            "key": None if record.key is None else record.key.decode(),
            "headers": [(name, content.hex()) for name, content in record.headers],
            "read": (record.value or b"").decode(),
        }
        for record in records
    ]
    lines += [{"topic": out.topic, "wrote": out.value.decode()} for out in wrote]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def main() -> None:
    for name, make in HISTORIES.items():
        records = make().records
        (FOLDER / f"{name}.jsonl").write_bytes(history_of(records, written(records, len(records))))


if __name__ == "__main__":
    main()
