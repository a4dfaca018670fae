"""Whether what a Prometheus server scrapes answers, as the server tells it by the series ``up``.

A target has one such series, whose labels are those of the target and of the server, such as its
``external_labels``; so they say nothing that would tell it from another of the same agent, and its
metric is one, whatever they are. An agent may have several targets all the same (a kubelet has one
for each path), and several servers may tell of one: then the least that any says is what counts.

Source: *Prometheus*, "Jobs and instances"; a series that nobody told of for five minutes is over,
as it is for a query there.
"""

from __future__ import annotations

from typing import Final

from streams.producers.prometheus.translating import Reader, Values
from streams.producers.series.bounded import Bounded
from streams.producers.series.counters import MOST
from streams.producers.series.naming import metric_name

UP: Final = "up"
_NAME: Final = metric_name(UP)
_FRESH_S: Final = 300.0
_MOST_TARGETS: Final = 64
"""Of one agent; more are taken for one."""
_Told = dict[str, tuple[float, float]]


class Targets:
    """Remembers what was told last of each target of an agent."""

    def __init__(self) -> None:
        self._agents: Bounded[str, _Told] = Bounded(MOST)

    def reader(self, agent: str, labels: dict[str, str]) -> Reader:
        """Return what reads the series ``up`` with `labels`; `agent` tells agents apart."""
        told = self._agents.get(agent)
        if told is None:
            told = self._agents[agent] = {}
        which = repr(sorted(labels.items()))
        if which not in told and len(told) >= _MOST_TARGETS:
            which = ""

        def least(value: float, at: float) -> Values:
            if value - value != 0.0:  # it ended
                told.pop(which, None)
                return ()
            told[which] = value, at
            for ended in [each for each, (_, then) in told.items() if at - then > _FRESH_S]:
                del told[ended]
            return ((_NAME, min(said for said, _ in told.values())),)

        return least
