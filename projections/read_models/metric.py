"""Windows of metrics; hours add up from minutes."""

from __future__ import annotations

from typing import Any, Final

from projections.read_models.typed import data_as
from projections.rows import Rows, Seen
from streams.contracts.errors import InvalidField
from streams.contracts.events.agent import WindowsClosed

HOUR_S: Final = 3600.0

Window = tuple[int, float, float, float, float, float | None, float | None]
"""Count, mean, minimum, maximum, last, expected low and high."""
Hour = tuple[int, float, float, float, float, float | None, float | None, float]
"""The same, and the start of the latest window in it."""


def windows_closed(rows: Rows, seen: Seen) -> None:
    """Add the windows of one event; the store rolls them up.

    Raises
    ------
    InvalidField
        Where its columns differ in length.
    """
    data = data_as(seen, WindowsClosed)
    lengths = sorted({len(column) for column in (data.agents, *_columns(data))})
    if len(lengths) > 1:
        raise InvalidField("ragged_columns", "columns", lengths, "give one value an agent")
    rows.closed.append(data)


FOLDS: Final = {"metrics.windows_closed": windows_closed}


def added(left: Hour, right: Hour) -> Hour:
    """Return two parts of one hour as one; what was expected in it is all that ever was.

    Examples
    --------
    >>> one = (1, 2.0, 2.0, 2.0, 2.0, None, None, 0.0)
    >>> two = (3, 4.0, 1.0, 9.0, 5.0, 1.5, 6.5, 60.0)
    >>> added(one, two)
    (4, 3.5, 1.0, 9.0, 5.0, 1.5, 6.5, 60.0)
    """
    count, mean, least, most, last, low, high, start = left
    more, also, lower, upper, newest, below, above, then = right
    whole = count + more
    if then >= start:
        last, start = newest, then
    low = low if below is None else below if low is None else min(low, below)
    high = high if above is None else above if high is None else max(high, above)
    mean = (mean * count + also * more) / whole if whole else 0.0
    return whole, mean, min(least, lower), max(most, upper), last, low, high, start


def _columns(data: WindowsClosed) -> tuple[list[Any], ...]:
    measured = (data.count, data.mean, data.minimum, data.maximum, data.last)
    return (*measured, data.expected_low, data.expected_high)
