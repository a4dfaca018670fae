"""The live detector on the recorded log: every agent's heartbeats, from the first that is kept."""

from __future__ import annotations

import contextlib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, NamedTuple, TextIO

from config.policy import DetectorPolicy
from processors.detection.stream import Stream
from projections.backtest.detector import Count, Report, Summary, stream_of
from projections.backtest.files import Answers
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

    The log is read from its beginning, so that the detector knows what it would have known.
    """
    count = Count(1, report)
    agents: dict[str, _Agent] = {}
    async with LogReader(connection) as reader:
        start = await reader.beginning_offsets([TELEMETRY.name])
        ends = await reader.offsets_at([TELEMETRY.name], span.until)
        with contextlib.ExitStack() as stack:
            async for batch in reader.read(start, ends):
                for record in batch:
                    beat = _heartbeat(record, signer)
                    if beat is None or not fnmatchcase(beat.key, span.agent):
                        continue
                    agent = agents.get(beat.key)
                    if agent is None:
                        agent = agents[beat.key] = _opened(beat.key, out, policy, stack, agents)
                    _take(agent, beat, record, span, policy, count)
    count.done = len(agents)
    return count.summary()


def _opened(
    key: str,
    out: Path,
    policy: DetectorPolicy,
    stack: contextlib.ExitStack,
    all_: dict[str, _Agent],
) -> _Agent:
    if len(all_) >= _FILES_AT_MOST:
        detail = f"more than {_FILES_AT_MOST} agents; name some by --agent"
        raise ValueError(detail)
    target = out / f"{key}.csv"
    target.parent.mkdir(parents=True, exist_ok=True)
    return _Agent(policy, stack.enter_context(target.open("w", newline="", encoding="utf-8")))


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


def _heartbeat(record: Record, signer: Signer) -> Heartbeat | None:
    """Return the heartbeat of `record`; None for what is none, and for the forward of one."""
    try:
        kind = signer.kind_of(record) if record.headers else None
        if kind not in (None, RecordKind.TELEMETRY):
            return None
        return decode_heartbeat(record.value)
    except ContractError:
        # A dead letter: surveillance took nothing from it either.
        return None
