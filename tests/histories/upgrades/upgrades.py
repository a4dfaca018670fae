"""Recorded snapshots of each step and version, from which later versions must be able to go on.

``python -m tests.histories.upgrades.upgrades`` records those of the present versions, where there
are none yet: before a version is changed, as what it left is in use. They are kept for ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import cramjam
import msgspec

from processors.detection.memory import remembered
from processors.step import Context, Step
from processors.surveillance.state import STATUSES, SurveillanceState
from processors.surveillance.step import Surveillance
from streams.contracts.record import Record
from tests.histories.decision import histories as decision_histories
from tests.histories.incidents import incident_histories
from tests.histories.surveillance import surveillance_histories
from tests.unit.processors.incidents.fleet_of_findings import CONTEXT, STEP

FOLDER: Final = Path(__file__).parent
_LEFT: Final = {
    "threats": 150, "silence": 8, "life": 13, "anomaly": 500, "speech": 30, "limits": 20
}  # fmt: skip
"""Records of a history that come only after the snapshot; a quarter, where nothing is named."""


class Left(msgspec.Struct):
    """What a version left of one partition: its bytes, and, for a person, what it knew."""

    name: str
    topic: str
    partition: int
    partitions: int
    position: int
    data: bytes
    known: dict[str, Any]


def known(state: Any) -> dict[str, Any]:
    """Return what must not be forgotten of a state of surveillance, in no version's own form."""
    if not isinstance(state, SurveillanceState):
        return {}
    return {
        "policy": state.policy.version,
        "blocked": dict(state.blocked),
        "agents": {key: _agent(state, slot) for key, slot in sorted(state.slots.items())},
    }


def _agent(state: SurveillanceState, slot: int) -> dict[str, Any]:
    a, c, profile = state.agents, state.series, state.profile(slot)
    found = sorted(state.findings.get(slot, {}).items())
    return {
        "status": STATUSES[a.status[slot]].value,
        "score": float(a.score[slot]),
        "type": profile.agent_type,
        "labels": dict(profile.labels),
        "evidence": remembered(a, slot)._asdict(),
        "findings": {name: [each.finding_id, each.severity] for name, each in found},
        "usual": {
            state.metric_names[c.metric[row]]: float(c.expected[row])
            for row in state.series_of(slot)
        },
    }


def played() -> Iterator[tuple[str, Step[Any], Context, list[Record]]]:
    """Give every history: its name, the step, where it stands, and what lay in its inbox."""
    for name, play in surveillance_histories.HISTORIES.items():
        yield name, Surveillance(), surveillance_histories.CONTEXT, play().records
    for name, loop in decision_histories.HISTORIES.items():
        ended = loop()
        for worker in ended.workers():
            place = (worker.step.inbox.name, worker.context.partition)
            yield name, worker.step, worker.context, ended.logs.get(place, [])
    for name, make in incident_histories.HISTORIES.items():
        yield name, STEP, CONTEXT, make().records


def left_by(step: Step[Any], name: str, context: Context, records: list[Record]) -> Left:
    """Return what `step` leaves some records before the end of a history."""
    position = len(records) - _LEFT.get(name, len(records) // 4)
    state = step.initial(context)
    step.apply(state, records[:position])
    place = (context.topic, context.partition, context.partitions)
    return Left(name, *place, position, step.dump(state), known(state))


def path_of(step: str, version: int) -> Path:
    return FOLDER / f"{step}-{version}.msgpack.zst"


def recorded(path: Path) -> tuple[str, int, list[Left]]:
    """Return the step, the version, and what it left."""
    step, _, version = path.name.partition(".")[0].rpartition("-")
    data = bytes(cramjam.zstd.decompress(path.read_bytes()))
    return step, int(version), msgspec.msgpack.decode(data, type=list[Left])


def main() -> None:
    found: dict[Path, list[Left]] = {}
    for name, step, context, records in played():
        path = path_of(step.name, step.version)
        if not path.exists():
            found.setdefault(path, []).append(left_by(step, name, context, records))
    for path, left in found.items():
        path.write_bytes(bytes(cramjam.zstd.compress(msgspec.msgpack.encode(left), level=19)))


if __name__ == "__main__":
    main()
