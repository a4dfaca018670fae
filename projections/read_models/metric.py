"""Windows of metrics: one row an agent and minute; hours add up from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from projections.read_models.typed import data_as
from projections.rows import Key, Row, Rows, Seen
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


def by_agent(closed: Iterable[WindowsClosed]) -> list[Row]:
    """Return one row an agent and window, in order of their keys."""
    rows: dict[tuple[str, float], Row] = {}
    for data in closed:
        start, metric = data.start, data.metric
        for agent, window in _windows(data):
            row = rows.get((agent, start))
            if row is None:
                row = rows[agent, start] = _row(agent, start, {})
            row["width_s"] = data.width_s
            row["metrics"][metric] = window
    return [rows[key] for key in sorted(rows)]


def hours_of(closed: Iterable[WindowsClosed]) -> set[Key]:
    """Return the keys of the hours that windows belong to."""
    agents: dict[float, set[str]] = {}
    for data in closed:
        agents.setdefault(data.start - data.start % HOUR_S, set()).update(data.agents)
    return {(*_split(agent), start) for start, known in agents.items() for agent in known}


def hourly(closed: Iterable[WindowsClosed], stored: Mapping[Key, Row]) -> list[Row]:
    """Return the hours that windows belong to, in order of their keys.

    Each window is added to what is `stored`, one after the other: a sum's last bits depend on how
    its terms are grouped, and a rebuild cuts the log otherwise than the live projector did.
    """
    rows: dict[tuple[str, float], Row] = {}
    for data in closed:
        start, metric = data.start, data.metric
        hour = start - start % HOUR_S
        for agent, window in _windows(data):
            row = rows.get((agent, hour))
            if row is None:
                before = stored.get((*_split(agent), hour))
                known = dict(before["metrics"]) if before else {}
                row = rows[agent, hour] = _row(agent, hour, known)
            metrics = row["metrics"]
            part, whole = (*window, start), metrics.get(metric)
            metrics[metric] = part if whole is None else added(whole, part)
    return [rows[key] for key in sorted(rows)]


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


def _windows(data: WindowsClosed) -> Iterator[tuple[str, Window]]:
    return zip(data.agents, zip(*_columns(data), strict=True), strict=True)


def _columns(data: WindowsClosed) -> tuple[list[Any], ...]:
    measured = (data.count, data.mean, data.minimum, data.maximum, data.last)
    return (*measured, data.expected_low, data.expected_high)


def _row(key: str, start: float, metrics: dict[str, Any]) -> Row:
    tenant, agent = _split(key)
    return {"tenant_id": tenant, "agent_id": agent, "start": start, "metrics": metrics}


def _split(key: str) -> tuple[str, str]:
    tenant, _, agent = key.partition("/")
    return tenant, agent
