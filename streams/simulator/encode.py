"""Frames as records: plain JSON heartbeats, as any agent would send them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TextIO

from streams.contracts.record import Outgoing
from streams.contracts.telemetry import DEFAULT_TENANT
from streams.contracts.topics import TELEMETRY
from streams.simulator.faults import Fault
from streams.simulator.fleet import Fleet, Frame
from streams.simulator.kinds import METRICS


class Encoder:
    """Turns frames of one fleet into records; most of a heartbeat is prepared once.

    Parameters
    ----------
    fleet : Fleet
        Whose frames these are.
    """

    def __init__(self, fleet: Fleet) -> None:
        self._keys = [f"{DEFAULT_TENANT}/{name}".encode() for name in fleet.ids]
        measured = ",".join(f'"{name}":%.6g' for name in METRICS)
        self._templates = [
            f'{{"agent_id":"{name}","agent_type":"{kind}","metrics":{{{measured}}},'
            '"at":%.3f,"sequence":%d}'
            for name, kind in zip(fleet.ids, fleet.types, strict=True)
        ]

    def records(self, frame: Frame) -> list[Outgoing]:
        """Return one record for each agent that reports."""
        moment = (frame.at, frame.number)
        topic = TELEMETRY.name
        return [
            Outgoing(topic, key, (template % (*row, *moment)).encode())
            for key, template, row, reports in zip(
                self._keys,
                self._templates,
                frame.values.tolist(),
                frame.reporting.tolist(),
                strict=True,
            )
            if reports
        ]


def write_truth(out: TextIO, fleet: Fleet, faults: Iterable[Fault]) -> None:
    """Write the ground truth to `out`, one JSON object a line."""
    for fault in faults:
        line: dict[str, Any] = fault.truth(fleet)
        out.write(json.dumps(line) + "\n")
