"""Cells of a CSV file as people and programs write them: times, numbers, and what is missing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

_MISSING: Final = {"", "-", "nan", "null", "none", "na", "n/a", "#n/a"}
_UNITS: Final = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
"""Numbers beyond the first are the second times a second: no clock shows seconds that far on."""
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - what has no offset is compared with it
_FIRST: Final = datetime.min.replace(tzinfo=UTC).timestamp()
_LAST: Final = datetime.max.replace(tzinfo=UTC).timestamp()
_DATE: Final = len("20240131")
_SHOWN: Final = 40


def seconds_of(stamp: str) -> float:
    """Return seconds since the epoch for an ISO 8601 time (without offset: UTC) or a number.

    A number beyond 1e11 is taken for milliseconds, beyond 1e14 for microseconds, beyond 1e17 for
    nanoseconds.

    Raises
    ------
    ValueError
        For what is no time between the years 1 and 9999.

    Examples
    --------
    >>> seconds_of("2014-02-14 14:30:00")
    1392388200.0
    >>> seconds_of("1392388200000")
    1392388200.0
    """
    # Digits alone are a number: some counts of milliseconds would do as basic ISO 8601.
    if stamp[4:5] == "-" or not _is_number(stamp):
        moment = datetime.fromisoformat(stamp.strip())
        return (moment - _EPOCH).total_seconds() if moment.tzinfo is None else moment.timestamp()
    number = float(stamp)
    for beyond, each in _UNITS:
        if abs(number) > beyond:
            number /= each
            break
    if not _FIRST <= number <= _LAST:
        raise ValueError(stamp)
    return number


def _is_number(stamp: str) -> bool:
    try:
        float(stamp)
    except ValueError:
        return False
    return len(stamp) != _DATE or not stamp.isdecimal()


def values_of(cells: Sequence[str]) -> Sequence[float | None]:
    """Return the values of a row; None where one is missing, or no finite number.

    Raises
    ------
    ValueError
        Where a cell says something else.
    """
    try:
        values = [float(cell) if cell else None for cell in cells]
    except ValueError:
        return [_value(cell) for cell in cells]
    # One sum says of them all whether they are finite.
    if math.isfinite(sum(filter(None, values))):
        return values
    return [None if value is None else _finite(value) for value in values]


def _value(cell: str) -> float | None:
    try:
        return _finite(float(cell))
    except ValueError:
        if cell.strip().lower() in _MISSING:
            return None
        raise


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def blame(cells: Sequence[str], names: Sequence[str]) -> str:
    """Say which cell of a row cannot be read, and what to write."""
    try:
        seconds_of(cells[0])
    except ValueError:
        return f"timestamp is {shown(cells[0])}; write ISO 8601, or seconds since the epoch"
    for name, cell in zip(names, cells[1:], strict=True):
        try:
            _value(cell)
        except ValueError:
            return f"{name} is {shown(cell)}; write a number, or nothing where it is missing"
    return "cannot be read"


def shown(cell: str) -> str:
    """Return a cell as it is quoted in a message; a quotation mark left open makes a long one."""
    return repr(cell if len(cell) <= _SHOWN else f"{cell[:_SHOWN]}…")
