"""From the series of a labelled incident to what each service shows, and its ranking.

Each metric is held against the median of its reference, in deviations of that (1.4826 times the
median absolute deviation, or half the standard deviation where that is more); beyond `BAR` it is a
finding. Availability and shares of success are bad where they fall, latencies where they rise, all
else either way. What follows, strength and rank, is the code that ranks live incidents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median, pstdev
from typing import Final

from processors.incidents.ranking import Node, Ranked, Shown, rank, strength
from projections.backtest.incidents.labelled import Incident, Series

BAR: Final = 4.0
_DEVIATIONS: Final = 6.0
"""How many deviations the range of what is expected spans."""
_LEAST: Final = 5
_MOST: Final = 50.0
"""Deviations of what never varied before."""
_FALLS: Final = ("avail", "success")
_RISES: Final = ("latency", "delay")


def ranked(incident: Incident, series: Iterable[Series]) -> tuple[list[Ranked], dict[str, Node]]:
    """Return services, the likeliest root first, and what each shows."""
    shown: dict[str, dict[str, Shown]] = {}
    since: dict[str, float] = {}
    for each in series:
        found = _deviation(each)
        if found is None:
            continue
        began, deviations = found
        mark = strength("warning", deviations / _DEVIATIONS - 0.5, gone=False)
        shown.setdefault(each.service, {})[each.metric] = Shown(each.metric, mark)
        since[each.service] = min(began, since.get(each.service, began))
    nodes = {s: Node(s, since[s], tuple(found.values())) for s, found in shown.items()}
    if not nodes:
        return [], nodes
    return rank(list(nodes.values()), _needs(incident.dependency_edges)), nodes


def answers(ranking: Sequence[Ranked], nodes: Mapping[str, Node]) -> list[tuple[str, str]]:
    """Return (service, metric), best first: each service's metrics by their strength."""
    return [
        (each.agent, shown.what)
        for each in ranking
        for shown in sorted(nodes[each.agent].shown, key=lambda s: (-s.strength, s.what))
    ]


def _deviation(series: Series) -> tuple[float, float] | None:
    """Return when a metric began to deviate, and by how many deviations at most."""
    if len(series.usual) < _LEAST or not series.during:
        return None
    middle = median(series.usual)
    spread = 1.4826 * median(abs(value - middle) for value in series.usual)
    spread = max(spread, 0.5 * pstdev(series.usual), 0.02 * abs(middle))
    marks = [(at, _bad(series.metric, value - middle, spread)) for at, value in series.during]
    beyond = [at for at, mark in marks if mark >= BAR]
    return (beyond[0], max(mark for _, mark in marks)) if beyond else None


def _bad(metric: str, difference: float, spread: float) -> float:
    deviations = difference / spread if spread else _MOST * ((difference > 0) - (difference < 0))
    name = metric.lower()
    if any(part in name for part in _FALLS):
        return -deviations
    return deviations if any(part in name for part in _RISES) else abs(deviations)


def _needs(edges: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """Return whom each service needs, also at second hand."""
    direct: dict[str, set[str]] = {}
    for caller, callee in edges:
        direct.setdefault(caller, set()).add(callee)
    return {service: _reached(service, direct) for service in direct}


def _reached(service: str, direct: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [service]
    while waiting:
        fresh = direct.get(waiting.pop(), set()) - found
        found |= fresh
        waiting.extend(fresh)
    return found
