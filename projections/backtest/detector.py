"""The live detector on files: the same code, a row at a time, in order."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TextIO

from config.policy import DetectorPolicy
from processors.detection.stream import Stream
from projections.backtest.files import BacktestError, Source, is_regular
from projections.backtest.tables import Answers, Table, opened, place_in

Report = Callable[[str], None]
_EVERY_S = 2.0


class Summary(NamedTuple):
    """What a backtest came to; `note` says what it could not know."""

    files: int
    rows: int
    values: int
    alarms: int
    seconds: float
    note: str = ""

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds if self.seconds else 0.0


class Count:
    """Counts rows, values and alarms; says how it goes every few seconds.

    Parameters
    ----------
    size : int
        Bytes that are to be read; 0 where nobody knows.
    """

    def __init__(self, files: int, report: Report, size: int = 0) -> None:
        self._files, self.report, self._size = files, report, size
        self.read: Callable[[], int] = int
        """How many of these bytes were read by now."""
        self._began = self._said = time.monotonic()
        self.done = self.rows = self.values = self.alarms = 0

    def row(self, values: int) -> None:
        """Count one row."""
        self.rows += 1
        self.values += values
        if not self.rows % 1000 and (now := time.monotonic()) - self._said > _EVERY_S:
            self._said = now
            rate, left = self.rows / (now - self._began), self._left(now - self._began)
            told = f"{self.done} of {self._files} done · {self.rows} rows · {rate:.0f}/s"
            self.report(f"{told} · {left}" if left else told)

    def _left(self, passed_s: float) -> str:
        read = self.read()
        if not 0 < read <= self._size:
            return ""
        left_s = passed_s * (self._size - read) / read
        return f"{100 * read // self._size} % · {left_s:.0f} s left"

    def summary(self) -> Summary:
        """Return the whole."""
        seconds = time.monotonic() - self._began
        return Summary(self.done, self.rows, self.values, self.alarms, seconds)


def backtest_files(
    found: Sequence[Source], out: Path, policy: DetectorPolicy, report: Report
) -> Summary:
    """Answer every file of `found` below `out`, under the same relative path.

    Raises
    ------
    BacktestError
        For the first file that cannot be read; those before it are answered.
    """
    sizes = [source.path.stat().st_size for source in found]
    pipes = not all(is_regular(source.path) for source in found)
    count = Count(len(found), report, 0 if pipes else sum(sizes))
    for done, source in enumerate(found):
        _answer(source, out / source.relative, policy, count, sum(sizes[:done]))
        count.done += 1
    return count.summary()


def _answer(
    source: Source, target: Path, policy: DetectorPolicy, count: Count, before: int
) -> None:
    with opened(source.path) as file:
        table = Table(file, source.path)
        count.read = lambda: before + place_in(file)
        with _to(target, at_once=not is_regular(source.path)) as told, _whole(target, count):
            _rows(table, Answers(told), stream_of(len(table.names), policy), count)
    if told_of := table.out_of_order():
        count.report(told_of)


def _rows(table: Table, answers: Answers, stream: Stream, count: Count) -> None:
    before = False
    for stamp, at, values in table:
        row = stream.row(at, values)
        answers.write(stamp, row, table.names)
        count.row(len(values))
        count.alarms += row.alarm and not before
        before = row.alarm


@contextmanager
def _whole(target: Path, count: Count) -> Iterator[None]:
    """Say so where the answers break off, be it for an error or for somebody's Ctrl-C."""
    before = count.rows
    try:
        yield
    except BaseException:
        count.report(f"{target} breaks off after {count.rows - before} rows")
        raise


def _to(target: Path, *, at_once: bool) -> TextIO:
    """Open the file for answers; where somebody waits at a pipe, each is written at once."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return target.open("w", newline="", encoding="utf-8", buffering=1 if at_once else -1)
    except OSError as error:
        reason = f"{error.strerror}: {error.filename}"
        raise BacktestError(f"{target} cannot be written ({reason}); give another --out") from error


def stream_of(metrics: int, policy: DetectorPolicy) -> Stream:
    """Return the detector of an agent that `policy` describes."""
    return Stream(metrics, policy.false_alarms_per_agent_week, policy.accept_after_s)
