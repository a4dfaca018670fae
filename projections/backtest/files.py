"""CSV files read a row at a time, and answered with a row for each.

The first column is a timestamp, every other one a metric; an empty cell is a missing value.
Nothing is read ahead: a row is answered before the next is asked for, so a pipe will do.
"""

from __future__ import annotations

import csv
import math
import stat
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple, TextIO

from processors.detection.stream import Row

HEADER: Final = ("timestamp", "anomaly_score", "alert", "drivers")
_MISSING: Final = {"", "nan", "null", "none", "na"}
_AFTER_2001_IN_MS: Final = 1e11


class BacktestError(ValueError):
    """Input that cannot be read: names the file, the line, the column and the remedy."""


class Source(NamedTuple):
    """A file to read, and the path of its answer below the output folder."""

    path: Path
    relative: Path


class Measured(NamedTuple):
    """One row: its timestamp as it was written and in seconds, and its values."""

    stamp: str
    at: float
    values: list[float | None]


def sources(paths: Sequence[Path]) -> list[Source]:
    """Return the files that `paths` name, those in folders by their relative paths.

    Raises
    ------
    BacktestError
        Where there is none, or two would be answered in one place.
    """
    found = [source for path in paths for source in _below(path)]
    taken: dict[Path, Path] = {}
    for source in found:
        if source.relative in taken:
            both = f"{taken[source.relative]} and {source.path}"
            raise BacktestError(f"{both} would be answered in one file; give one folder at a time")
        taken[source.relative] = source.path
    return found


def _below(path: Path) -> list[Source]:
    if not path.is_dir():
        if not path.exists():
            raise BacktestError(f"{path}: there is no such file or folder")
        return [Source(path, Path(path.name))]
    found = sorted(path.rglob("*.csv"))
    if not found:
        raise BacktestError(f"{path}: there is no CSV file in this folder")
    return [Source(each, each.relative_to(path)) for each in found]


def is_regular(path: Path) -> bool:
    """Say whether `path` is a file, and not a pipe that somebody waits at."""
    return stat.S_ISREG(path.stat().st_mode)


def header_of(reader: Iterator[list[str]], path: Path) -> list[str]:
    """Return the names of the metrics.

    Raises
    ------
    BacktestError
        Where there are none, or one occurs twice.
    """
    names = [name.strip() for name in next(reader, [])]
    if len(names) < 2:
        detail = "needs a header with a timestamp and at least one metric"
        raise BacktestError(f"{path}: line 1: {detail}")
    for name in names[1:]:
        if names.count(name) > 1 or not name:
            raise BacktestError(f"{path}: line 1: column {name!r} must occur once, and be named")
    return names[1:]


def measured(reader: Iterator[list[str]], path: Path, names: Sequence[str]) -> Iterator[Measured]:
    """Yield row after row.

    Raises
    ------
    BacktestError
        For the first cell that is no number or no time.
    """
    for line, cells in enumerate(reader, start=2):
        if not cells:
            continue
        if len(cells) != len(names) + 1:
            detail = f"{len(cells)} cells, where the header has {len(names) + 1}"
            raise BacktestError(f"{path}: line {line}: {detail}")
        try:
            at = seconds_of(cells[0])
            values = [_value(cell) for cell in cells[1:]]
        except ValueError as error:
            raise BacktestError(f"{path}: line {line}: {_blame(cells, names)}") from error
        yield Measured(cells[0], at, values)


def seconds_of(stamp: str) -> float:
    """Return seconds since the epoch for an ISO 8601 time (without offset: UTC) or a number.

    A number beyond 1e11 is taken for milliseconds.

    Examples
    --------
    >>> seconds_of("2014-02-14 14:30:00")
    1392388200.0
    """
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError:
        number = float(stamp)
        if not math.isfinite(number):
            raise
        return number / 1000.0 if number > _AFTER_2001_IN_MS else number
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _value(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        if cell.strip().lower() in _MISSING:
            return None
        raise
    return value if math.isfinite(value) and abs(value) < 1e150 else None


def _blame(cells: Sequence[str], names: Sequence[str]) -> str:
    try:
        seconds_of(cells[0])
    except ValueError:
        return f"timestamp is {cells[0]!r}; write ISO 8601, or seconds since the epoch"
    for name, cell in zip(names, cells[1:], strict=True):
        try:
            _value(cell)
        except ValueError:
            return f"{name} is {cell!r}; write a number, or nothing where it is missing"
    return "cannot be read"


class Answers:
    """Writes what the detector says of each row."""

    def __init__(self, file: TextIO) -> None:
        self._writer = csv.writer(file, lineterminator="\n")
        self._writer.writerow(HEADER)

    def write(self, stamp: str, row: Row, names: Sequence[str]) -> None:
        """Write one row; the drivers by name, strongest first."""
        drivers = " ".join(names[index] for index in row.drivers)
        self._writer.writerow((stamp, f"{row.score:.6f}", int(row.alarm), drivers))
