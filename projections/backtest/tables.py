"""CSV files read a row at a time, and answered with a row for each.

The first column is a timestamp, every other one a metric; an empty cell is a missing value.
Nothing is read ahead: a row is answered before the next is asked for, so a pipe will do.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TextIO, cast

from processors.detection.stream import Row
from projections.backtest.cells import blame, seconds_of, shown, values_of
from projections.backtest.files import BacktestError, is_packed

HEADER: Final = ("timestamp", "anomaly_score", "alert", "drivers")
_TIMES: Final = {"timestamp", "@timestamp", "time", "datetime", "date", "ts", "_time"}
_OTHER_DIVIDERS: Final = {";": "semicolons", "\t": "tabs", "|": "bars"}

Measured = tuple[str, float, Sequence[float | None]]
"""One row: its timestamp as it was written and in seconds, and its values."""


@contextmanager
def opened(path: Path) -> Iterator[TextIO]:
    """Open a CSV file, packed or not, and name it in what is wrong with its bytes.

    Raises
    ------
    BacktestError
        While it is read: where it is not UTF-8, or no whole gzip.
    """
    try:
        if is_packed(path):
            with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as packed:
                yield cast("TextIO", packed)
        else:
            with path.open(newline="", encoding="utf-8-sig") as file:
                yield file
    except UnicodeDecodeError as error:
        detail = f"byte 0x{error.object[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise BacktestError(f"{path}: {detail}") from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise BacktestError(f"{path}: {error}; pack the file again, as gzip") from error


def place_in(file: TextIO) -> int:
    """Return how many bytes of a file were read by now: of a packed one, as they are packed."""
    beneath: Any = file.buffer
    return int(getattr(beneath, "fileobj", beneath).tell())


class Table:
    """A CSV file, row after row.

    Parameters
    ----------
    file : file
        Opened with ``newline=""``.
    path : Path
        Its name, for messages.

    Raises
    ------
    BacktestError
        Where the header names no metrics, or one twice.
    """

    def __init__(self, file: TextIO, path: Path) -> None:
        self._reader, self._path = csv.reader(file), path
        self._last = float("-inf")
        self.back, self.first_back = 0, 0
        header = [name.strip() for name in self._next() or []]
        if fault := _fault_of(header):
            raise self._error(1, fault)
        self._first, *self.names = header

    def __iter__(self) -> Iterator[Measured]:
        """Yield row after row.

        Raises
        ------
        BacktestError
            For the first cell that is no number or no time.
        """
        width = len(self.names) + 1
        while (cells := self._next()) is not None:
            if len(cells) != width:
                if not cells:
                    continue
                detail = f"{len(cells)} cells, where the header has {width}"
                raise self._error(self._reader.line_num, detail)
            try:
                at, values = seconds_of(cells[0]), values_of(cells[1:])
            except ValueError as error:
                raise self._error(self._reader.line_num, blame(cells, self.names)) from error
            if at < self._last:
                self.back += 1
                self.first_back = self.first_back or self._reader.line_num
            self._last = at
            yield cells[0], at, values

    def out_of_order(self) -> str:
        """Say that rows are earlier than the row before; nothing where none is."""
        if not self.back:
            return ""
        place = f"{self._path}: line {self.first_back}"
        rows = "1 row is" if self.back == 1 else f"{self.back} rows are"
        doubt = "" if _is_named_time(self._first) else f" (is {shown(self._first)} the timestamp?)"
        return f"{place}: {rows} earlier than the row before{doubt}; judged as they stand"

    def _next(self) -> list[str] | None:
        try:
            return next(self._reader, None)
        except csv.Error as error:
            raise self._error(self._reader.line_num, str(error)) from error

    def _error(self, line: int, detail: str) -> BacktestError:
        return BacktestError(f"{self._path}: line {line}: {detail}")


def _fault_of(header: Sequence[str]) -> str:
    """Say what is wrong with a header, and what to write."""
    if len(header) < 2:
        return f"needs a header with a timestamp and at least one metric{_divided(header)}"
    if _is_time(header[0]):
        return f"{shown(header[0])} is no name; needs a header with a timestamp and the metrics"
    for number, name in enumerate(header[1:], start=2):
        if not name:
            return f"column {number} has no name; every column must be named"
        if header.count(name) > 1:
            return f"column {shown(name)} must occur once; give each column its own name"
        if _is_named_time(name) and not _is_named_time(header[0]):
            return f"the first column must be the timestamp, and column {number} is {shown(name)}"
    return ""


def _divided(header: Sequence[str]) -> str:
    for sign, name in _OTHER_DIVIDERS.items():
        if sign in "".join(header):
            return f", divided by commas and not by {name}"
    return ""


def _is_named_time(name: str) -> bool:
    return name.lower() in _TIMES


def _is_time(text: str) -> bool:
    try:
        seconds_of(text)
    except ValueError:
        return False
    return True


class Answers:
    """Writes what the detector says of each row."""

    def __init__(self, file: TextIO) -> None:
        self._writer = csv.writer(file, lineterminator="\n")
        self._writer.writerow(HEADER)

    def write(self, stamp: str, row: Row, names: Sequence[str]) -> None:
        """Write one row; the drivers by name, strongest first."""
        score, alarm, columns = row
        drivers = " ".join([names[index] for index in columns]) if columns else ""
        self._writer.writerow((stamp, f"{score:.6f}", "1" if alarm else "0", drivers))
