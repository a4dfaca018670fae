"""The live detector on the recorded log: every agent's heartbeats, from the first that is kept."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, NamedTuple, TextIO

from config.policy import DetectorPolicy
from processors.detection.stream import Stream
from projections.backtest.detector import Count, Report, Summary, stream_of
from projections.backtest.files import BacktestError
from projections.backtest.tables import Answers
from projections.replay.expired import expired_telemetry
from streams.contracts.envelope import rfc3339
from streams.contracts.errors import ContractError
from streams.contracts.record import Record
from streams.contracts.telemetry import RESERVED, Heartbeat, decode_heartbeat, parse_time
from streams.contracts.topics import TELEMETRY
from streams.contracts.trust import RecordKind, Signer
from streams.kafka.connection import Connection
from streams.kafka.log_reader import LogReader

_FILES_AT_MOST: Final = 500


class Span(NamedTuple):
    """Which records are answered; those before them are learnt from.

    Parameters
    ----------
    since, until : float
        Seconds since the epoch.
    agent : str
        A shell pattern of ``tenant/agent``.
    """

    since: float
    until: float
    agent: str


class _Agent:
    """One agent: its detector, its metrics by column, and where its answers go."""

    def __init__(self, policy: DetectorPolicy, file: TextIO) -> None:
        self.stream: Stream = stream_of(0, policy)
        self.names: list[str] = []
        self.answers = Answers(file)
        self.alarm = False

    def values(self, metrics: dict[str, float], ignores: list[str]) -> list[float | None]:
        """Return the metrics of a record by column; a new one gets the next."""
        for name in metrics:
            ignored = name in RESERVED or any(fnmatchcase(name, each) for each in ignores)
            if not ignored and name not in self.names:
                self.names.append(name)
        return [metrics.get(name) for name in self.names]


async def backtest_log(
    connection: Connection,
    signer: Signer,
    span: Span,
    out: Path,
    policy: DetectorPolicy,
    report: Report,
) -> Summary:
    """Answer the heartbeats of `span` below `out`, in ``tenant/agent.csv``.

    The log is read from its beginning, so that the detector knows what it would have known; what
    has expired it does not know, and the summary says so.
    """
    count = Count(1, report)
    async with LogReader(connection) as reader:
        expired = await expired_telemetry(reader)
        start = await reader.beginning_offsets([TELEMETRY.name])
        ends = await reader.offsets_at([TELEMETRY.name], span.until)
        with contextlib.ExitStack() as stack:
            agents = _Agents(out, policy, stack)
            async for batch in reader.read(start, ends):
                for record, beat in _heartbeats(batch, signer, span.agent):
                    _take(agents.of(beat.key), beat, record, span, policy, count)
    count.done = len(agents.known)
    note = f"{expired}: the detector learnt nothing from it" if expired else ""
    return count.summary()._replace(note=note)


class _Agents:
    """Agents by key; the first record of one opens its file."""

    def __init__(self, out: Path, policy: DetectorPolicy, stack: contextlib.ExitStack) -> None:
        self._out, self._policy, self._stack = out, policy, stack
        self.known: dict[str, _Agent] = {}

    def of(self, key: str) -> _Agent:
        known = self.known.get(key)
        if known is None:
            if len(self.known) >= _FILES_AT_MOST:
                raise BacktestError(f"more than {_FILES_AT_MOST} agents; name some by --agent")
            target = self._out / f"{key}.csv"
            target.parent.mkdir(parents=True, exist_ok=True)
            file = self._stack.enter_context(target.open("w", newline="", encoding="utf-8"))
            known = self.known[key] = _Agent(self._policy, file)
        return known


def _take(
    agent: _Agent,
    beat: Heartbeat,
    record: Record,
    span: Span,
    policy: DetectorPolicy,
    count: Count,
) -> None:
    at = record.timestamp if beat.at is None else parse_time(beat.at)
    row = agent.stream.row(at, agent.values(beat.metrics, policy.ignores))
    if span.since <= at < span.until:
        agent.answers.write(rfc3339(at), row, agent.names)
        count.row(len(beat.metrics))
        count.alarms += row.alarm and not agent.alarm
    agent.alarm = row.alarm


def _heartbeats(
    batch: Sequence[Record], signer: Signer, agent: str
) -> Iterator[tuple[Record, Heartbeat]]:
    """Yield the heartbeats of agents that `agent` describes; a forward is no second one."""
    for record in batch:
        with contextlib.suppress(ContractError):  # a dead letter: surveillance took nothing either
            kind = signer.kind_of(record) if record.headers else None
            if kind in (None, RecordKind.TELEMETRY):
                beat = decode_heartbeat(record.value)
                if fnmatchcase(beat.key, agent):
                    yield record, beat
