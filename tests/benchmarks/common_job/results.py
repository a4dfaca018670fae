"""What contenders wrote, brought to one form; and what is right, from the plain definition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from streams.contracts.envelope import decode_event
from streams.kafka.connection import Connection
from streams.kafka.log_reader import LogReader
from tests.benchmarks.common_job.job import Window, blank, decode, fold
from tests.benchmarks.common_job.load import heartbeats
from tests.benchmarks.common_job.step import RESULTS

Results = dict[tuple[str, float], Window]
TOLERANCE = 1e-9


async def written(connection: Connection, topic: str) -> tuple[Results, int]:
    """Return the windows in `topic`, and how many of them are there more than once.

    Facts of ours are read as every reader of ours reads them: what carries an id that was read
    before is passed over.
    """
    found, times, ids = Results(), Counter[tuple[str, float]](), set[str]()
    async with LogReader(connection) as reader:
        begins, ends = await reader.beginning_offsets([topic]), await reader.end_offsets([topic])
        async for records in reader.read(begins, ends):
            for record in records:
                for window in _windows(topic, record.value or b"", ids):
                    times[window.agent, window.start] += 1
                    found[window.agent, window.start] = window
    return found, sum(count > 1 for count in times.values())


def _windows(topic: str, value: bytes, ids: set[str]) -> Iterable[Window]:
    if topic != RESULTS.name:
        return [msgspec.json.decode(value, type=Window)]
    event = decode_event(value)
    if event.id in ids:
        return []
    ids.add(event.id)
    return _rows(event.data)


def _rows(data: dict[str, Any]) -> Iterable[Window]:
    means, peaks = zip(*data["means"], strict=True), zip(*data["peaks"], strict=True)
    for agent, count, mean, peak in zip(data["agents"], data["count"], means, peaks, strict=True):
        yield Window(agent, data["start"], count, list(mean), list(peak))


def right(records: int, agents: int) -> Results:
    """Return what the plain definition gives."""
    states: dict[str, dict[str, Any]] = {}
    found = Results()
    for _, _, value in heartbeats(records, agents):
        beat = decode(value)
        window = fold(states.setdefault(beat.agent_id, blank()), beat)
        if window is not None:
            found[window.agent, window.start] = window
    return found


def difference(found: Results, expected: Results) -> str:
    """Say in a word how `found` compares."""
    missing, more = len(expected.keys() - found.keys()), len(found.keys() - expected.keys())
    wrong = sum(
        not _close(window, expected[place]) for place, window in found.items() if place in expected
    )
    if missing or more or wrong:
        return f"{missing} missing, {more} too many, {wrong} wrong"
    exact = sum(window == expected[place] for place, window in found.items())
    return f"equal ({exact:,} of {len(expected):,} to the bit)"


def _close(one: Window, other: Window) -> bool:
    pairs = zip(one.means + one.peaks, other.means + other.peaks, strict=True)
    return one.count == other.count and all(
        abs(a - b) <= TOLERANCE * max(1.0, abs(b)) for a, b in pairs
    )
