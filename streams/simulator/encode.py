"""Blocks as records: plain JSON heartbeats, as any agent would send them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple, TextIO

import msgspec

from streams.contracts.telemetry import DEFAULT_TENANT
from streams.simulator.faults import Fault
from streams.simulator.fleet import Block, Fleet
from streams.simulator.kinds import COLUMN
from streams.simulator.noise import key_of, mixed, uniform

_INTRODUCED_EVERY: Final = 60
"""Frames from one heartbeat with labels to the next."""


class Arrival(NamedTuple):
    """One heartbeat: when it arrives (seconds since the epoch), its key and its JSON."""

    at: float
    key: bytes
    value: bytes


class Encoder:
    """Turns blocks of one fleet into heartbeats; most of each is prepared once.

    Parameters
    ----------
    fleet : Fleet
        Whose blocks these are.
    spread_s : float
        Agents report within so many seconds from the beginning of a frame.
    """

    def __init__(self, fleet: Fleet, spread_s: float = 0.0) -> None:
        self._fleet = fleet
        self._keys = [f"{DEFAULT_TENANT}/{name}".encode() for name in fleet.ids]
        self._phase = (spread_s * uniform(mixed(fleet.keys ^ key_of("phase")))).tolist()
        self._names = [tuple(member.kind.answers) for member in fleet.members]
        self._columns = [[COLUMN[name] for name in names] for names in self._names]
        self._heads = [
            f'{{"agent_id":"{name}","agent_type":"{kind}",'
            for name, kind in zip(fleet.ids, fleet.types, strict=True)
        ]
        self._labels = [
            '"labels":' + msgspec.json.encode(fleet.labels(place)).decode() + ","
            for place in range(len(fleet))
        ]
        shown = {names: ",".join(f'"{name}":%.6g' for name in names) for names in set(self._names)}
        self._shown = [shown[names] for names in self._names]

    def frames(self, block: Block) -> Iterator[tuple[float, list[Arrival]]]:
        """Yield the moment of each frame, and the heartbeats that were sent in it."""
        for row, at in enumerate(block.at.tolist()):
            sent: list[Arrival] = []
            reporting = block.reporting[row].nonzero()[0].tolist()
            values = block.values[row].tolist()
            ahead, late = block.ahead[row].tolist(), block.late[row].tolist()
            twice = block.twice[row].tolist()
            number = block.first + row
            for place in reporting:
                measured = at + self._phase[place]
                said = self._heartbeat(place, values[place], measured + ahead[place], number)
                arrival = Arrival(measured + late[place], self._keys[place], said)
                sent += [arrival, arrival] if twice[place] else [arrival]
            yield at, sent

    def _heartbeat(self, place: int, values: list[float], at: float, number: int) -> bytes:
        own = [values[column] for column in self._columns[place]]
        labels = "" if number % _INTRODUCED_EVERY else self._labels[place]
        if math.isnan(sum(own)):
            pairs = zip(self._names[place], own, strict=True)
            shown = ",".join(f'"{name}":{v:.6g}' for name, v in pairs if not math.isnan(v))
        else:
            shown = self._shown[place] % tuple(own)
        head = self._heads[place]
        return f'{head}{labels}"metrics":{{{shown}}},"at":{at:.3f},"sequence":{number}}}'.encode()


def in_order(
    frames: Iterable[tuple[float, list[Arrival]]],
) -> Iterator[tuple[float, list[Arrival]]]:
    """Yield each frame with what arrives in it, in order; what is late goes on to a later one."""
    waiting: list[Arrival] = []
    before: float | None = None
    for at, sent in frames:
        if before is not None:
            due, waiting = _until(at, waiting)
            yield before, due
        waiting += sent
        before = at
    if before is not None:
        yield before, sorted(waiting)


def _until(at: float, waiting: list[Arrival]) -> tuple[list[Arrival], list[Arrival]]:
    due = sorted(arrival for arrival in waiting if arrival.at < at)
    return due, [arrival for arrival in waiting if arrival.at >= at]


def write_truth(out: TextIO, fleet: Fleet, faults: Sequence[Fault]) -> None:
    """Write the ground truth to `out`, one JSON object a line."""
    for fault in faults:
        line: dict[str, Any] = fault.truth(fleet)
        out.write(json.dumps(line) + "\n")
