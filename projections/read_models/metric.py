"""Windows of metrics: one row an agent, metric and minute; hours add up from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from projections.models import metric_windows
from projections.read_models.typed import data_as
from projections.rows import Key, Row, Rows, Seen
from streams.contracts.errors import InvalidField
from streams.contracts.events.agent import WindowsClosed

HOUR_S: Final = 3600.0


def windows_closed(rows: Rows, seen: Seen) -> None:
    """Add the windows of one event; the store rolls them up.

    Raises
    ------
    InvalidField
        Where its columns differ in length.
    """
    data = data_as(seen, WindowsClosed)
    measured = (data.count, data.mean, data.minimum, data.maximum, data.last)
    values = (data.agents, *measured, data.expected_low, data.expected_high)
    lengths = sorted({len(column) for column in values})
    if len(lengths) > 1:
        raise InvalidField("ragged_columns", "columns", lengths, "give one value an agent")
    columns = zip(*values, strict=True)
    for key, count, mean, minimum, maximum, last, low, high in columns:
        tenant, _, agent = key.partition("/")
        rows.append(
            metric_windows,
            {
                "tenant_id": tenant,
                "agent_id": agent,
                "metric": data.metric,
                "start": data.start,
                "count": count,
                "mean": mean,
                "minimum": minimum,
                "maximum": maximum,
                "last": last,
                "expected_low": low,
                "expected_high": high,
                "width_s": data.width_s,
            },
        )


FOLDS: Final = {"metrics.windows_closed": windows_closed}


def hour_of(window: Row) -> Key:
    """Return the key of the hour that a window belongs to."""
    start = window["start"] - window["start"] % HOUR_S
    return window["tenant_id"], window["agent_id"], window["metric"], start


def hourly(windows: Iterable[Row], stored: Mapping[Key, Row]) -> list[Row]:
    """Return the hours that `windows` belong to, in order of their keys.

    Each window is added to what is `stored`, one after the other: a sum's last bits depend on how
    its terms are grouped, and a rebuild cuts the log otherwise than the live projector did.
    """
    hours: dict[Key, Row] = {}
    for window in windows:
        key = hour_of(window)
        row = {name: value for name, value in window.items() if name != "width_s"}
        row |= {"start": key[-1], "last_start": window["start"]}
        before = hours.get(key) or stored.get(key)
        hours[key] = row if before is None else added(before, row)
    return [hours[key] for key in sorted(hours)]


def added(left: Row, right: Row) -> Row:
    """Return two rows of one hour as one; what was expected in it is all that ever was.

    Examples
    --------
    >>> one = {"count": 1, "mean": 2.0, "minimum": 2.0, "maximum": 2.0, "last": 2.0}
    >>> two = {"count": 3, "mean": 4.0, "minimum": 1.0, "maximum": 9.0, "last": 5.0}
    >>> one |= {"last_start": 0.0, "expected_low": None, "expected_high": None}
    >>> two |= {"last_start": 60.0, "expected_low": 1.5, "expected_high": 6.5}
    >>> both = added(one, two)
    >>> both["count"], both["mean"], both["minimum"], both["maximum"], both["last"]
    (4, 3.5, 1.0, 9.0, 5.0)
    >>> both["expected_low"], both["expected_high"]
    (1.5, 6.5)
    """
    count = left["count"] + right["count"]
    later = right if right["last_start"] >= left["last_start"] else left
    total = left["mean"] * left["count"] + right["mean"] * right["count"]
    return left | {
        "count": count,
        "mean": total / count if count else 0.0,
        "minimum": min(left["minimum"], right["minimum"]),
        "maximum": max(left["maximum"], right["maximum"]),
        "last": later["last"],
        "last_start": later["last_start"],
        "expected_low": _widest(min, left["expected_low"], right["expected_low"]),
        "expected_high": _widest(max, left["expected_high"], right["expected_high"]),
    }


def _widest(
    choose: Callable[[list[float]], float], left: float | None, right: float | None
) -> float | None:
    known = [bound for bound in (left, right) if bound is not None]
    return choose(known) if known else None
