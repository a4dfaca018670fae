"""The live detector on files: the same code, a row at a time, in order."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from config.policy import DetectorPolicy
from processors.detection.stream import Stream
from projections.backtest.files import Answers, Source, header_of, is_regular, measured

Report = Callable[[str], None]
_EVERY_S = 2.0


class Summary(NamedTuple):
    """What a backtest came to."""

    files: int
    rows: int
    values: int
    alarms: int
    seconds: float

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds if self.seconds else 0.0


class Count:
    """Counts rows, values and alarms; says how it goes every few seconds."""

    def __init__(self, files: int, report: Report) -> None:
        self._files, self._report = files, report
        self._began = self._said = time.monotonic()
        self.done = self.rows = self.values = self.alarms = 0

    def row(self, values: int) -> None:
        """Count one row."""
        self.rows += 1
        self.values += values
        if not self.rows % 1000 and (now := time.monotonic()) - self._said > _EVERY_S:
            self._said = now
            rate = self.rows / (now - self._began)
            self._report(f"{self.done} of {self._files} done · {self.rows} rows · {rate:.0f}/s")

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
    count = Count(len(found), report)
    for source in found:
        _answer(source, out / source.relative, policy, count)
        count.done += 1
    return count.summary()


def _answer(source: Source, target: Path, policy: DetectorPolicy, count: Count) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    waited_for = not is_regular(source.path)
    with (
        source.path.open(newline="", encoding="utf-8-sig") as file,
        target.open("w", newline="", encoding="utf-8", buffering=1 if waited_for else -1) as told,
    ):
        reader = csv.reader(file)
        names = header_of(reader, source.path)
        answers = Answers(told)
        stream = stream_of(len(names), policy)
        before = False
        for stamp, at, values in measured(reader, source.path, names):
            row = stream.row(at, values)
            answers.write(stamp, row, names)
            count.row(len(values))
            count.alarms += row.alarm and not before
            before = row.alarm


def stream_of(metrics: int, policy: DetectorPolicy) -> Stream:
    """Return the detector of an agent that `policy` describes."""
    return Stream(metrics, policy.false_alarms_per_agent_week, policy.accept_after_s)
