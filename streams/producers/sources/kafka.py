"""A Kafka cluster as an agent: lag of its consumers, health of its partitions, size of its logs."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Final

from config.settings import SettingsError
from streams.contracts.telemetry import MAX_METRICS
from streams.kafka.cluster import Observer, Seen
from streams.kafka.connection import Connection
from streams.kafka.errors import BrokerAway
from streams.producers.series.counters import Counters
from streams.producers.series.gathering import Admitted
from streams.producers.series.naming import metric_name
from streams.producers.sources.sensor import UP, Measured, SourceAway

_INTERNAL: Final = "__"
_OWN: Final = 2
"""Metrics that every source has: whether it answers, and in what time."""


class KafkaSensor:
    """Looks at a cluster; topics and groups beyond an agent's room are told in sums only.

    Parameters
    ----------
    connect : callable
        Returns how to reach it.
    groups : collection of str
        Patterns of the consumer groups to look at.
    without : collection of str
        Groups to leave out.
    """

    kind = "kafka"
    alive = UP

    def __init__(
        self,
        name: str,
        connect: Callable[[], Connection],
        groups: Collection[str],
        without: Collection[str] = (),
    ) -> None:
        self.name = name
        self._observer = Observer(connect, groups, without)
        self._counters = Counters()
        self._admitted = Admitted(MAX_METRICS - _OWN)

    async def read(self) -> list[Measured]:
        """Look once.

        Raises
        ------
        SourceAway
            If the cluster does not answer.
        """
        try:
            seen = await self._observer.look()
        except (BrokerAway, SettingsError) as error:
            raise SourceAway(str(error)) from error
        metrics = health(seen) | lags(seen) | rates(seen, time.time(), self._counters)
        taken = self._admitted.admit("", set(metrics))
        return [Measured(self.name, {n: v for n, v in metrics.items() if n in taken})]

    async def close(self) -> None:
        """Disconnect."""
        await self._observer.close()


def health(seen: Seen) -> dict[str, float]:
    """Return how the cluster is: counts, and bytes on disk with all replicas."""
    replicas = seen.partitions.values()
    behind = sum(synced < wanted for wanted, synced, _ in replicas)
    found = {
        "brokers": float(seen.brokers),
        "topics": float(len({place.topic for place in seen.partitions})),
        "partitions": float(len(seen.partitions)),
        "under_replicated_partitions": float(behind),
        "offline_partitions": float(sum(not led for _, _, led in replicas)),
    }
    if seen.sizes:
        found["log_size_bytes"] = float(sum(seen.sizes.values()))
        for topic, size in seen.sizes.items():
            if not topic.startswith(_INTERNAL):
                found[metric_name("log_size_bytes", f":{topic}")] = float(size)
    return found


def lags(seen: Seen) -> dict[str, float]:
    """Return the records that wait for each group, by topic and in sum; first the most of any.

    Examples
    --------
    >>> from streams.kafka.log_reader import Place
    >>> ends, at = {Place("t", 0): 9, Place("t", 1): 5}, {Place("t", 0): 2}
    >>> lags(Seen(1, {}, ends, {}, {"g": at}))
    {'consumer_lag': 7.0, 'consumer_lag:g': 7.0, 'consumer_lag:g:t': 7.0}
    """
    found: dict[str, float] = {}
    most: float = 0
    for group, offsets in seen.groups.items():
        by_topic: dict[str, float] = {}
        for place, offset in offsets.items():
            waiting = max(0, seen.ends.get(place, offset) - offset)
            by_topic[place.topic] = by_topic.get(place.topic, 0.0) + waiting
        total = sum(by_topic.values())
        most = max(most, total)
        found[metric_name("consumer_lag", f":{group}")] = total
        for topic, count in by_topic.items():
            found[metric_name("consumer_lag", f":{group}:{topic}")] = count
    return {"consumer_lag": most} | found if found else {}


def rates(seen: Seen, at: float, counters: Counters) -> dict[str, float]:
    """Return the records written per second since the look before, in all and to each topic.

    Each partition is counted by itself: one that is away, or deleted, must not make the others
    look as if they had begun anew.
    """
    by_topic: dict[str, float] = {}
    for place, end in seen.ends.items():
        if place.topic.startswith(_INTERNAL):
            continue
        growth = counters.grown(f"{place.topic}/{place.partition}", at, (float(end),))
        if growth is not None:
            rate = growth.parts[0] / growth.seconds
            by_topic[place.topic] = by_topic.get(place.topic, 0.0) + rate
    found = {metric_name("records_per_s", f":{topic}"): rate for topic, rate in by_topic.items()}
    return {"records_per_s": sum(by_topic.values())} | found if found else {}
