"""Where a reading begins, where the candidate comes into force, and where it ends."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final, NamedTuple

from streams.contracts.envelope import rfc3339
from streams.contracts.topics import DAY_MS, DECISIONS, GOVERNANCE, TELEMETRY
from streams.kafka.log_reader import LogReader, Offsets, Place

INBOXES: Final = (DECISIONS.name, GOVERNANCE.name)
"""What is folded behind surveillance."""
_LOOKS: Final = 30
"""Halvings of the time for which inboxes are kept at most: to less than a tenth of a second."""
_DAYS: Final = 400


class Span(NamedTuple):
    """What is asked about.

    Parameters
    ----------
    since, until : float or None
        When the candidate is put in force and where the reading ends, seconds since the epoch;
        None is the first, and the last, record that is read.
    tenant : str or None
        Whose findings and actions are told; None is everybody's. All are folded, as they share
        limits.
    at_most : int or None
        The most records to read: the newest; None reads all that are kept.
    """

    since: float | None = None
    until: float | None = None
    tenant: str | None = None
    at_most: int | None = None


class Bounds(NamedTuple):
    """Offsets of every partition of the three inboxes.

    Parameters
    ----------
    begins, forks, ends : dict
        The first to read, the first under the candidate, and where to stop.
    begun : float or None
        The moment at which the reading begins, where that is not all that is kept.
    """

    begins: Offsets
    forks: Offsets
    ends: Offsets
    begun: float | None = None

    @property
    def records(self) -> int:
        """How many records that is."""
        return _between(self.begins, self.ends)

    def of(self, *topics: str) -> list[Place]:
        """Return the partitions of some of the inboxes."""
        return [place for place in self.begins if place.topic in topics]

    def length(self, places: Sequence[Place]) -> int:
        """Return how many records are to be read of some partitions."""
        return sum(max(0, self.ends[place] - self.begins[place]) for place in places)

    def notes(self, at_most: int | None) -> list[str]:
        """Say what the answer cannot know."""
        unlearnt = "both policies begin there, with nothing learnt before it"
        if self.begun is not None:
            return [
                f"the newest {at_most:,} records are read, from {rfc3339(self.begun)}: {unlearnt}"
            ]
        expired = sorted({place.topic for place, begin in self.begins.items() if begin > 0})
        return [f"the first records of {', '.join(expired)} have expired: {unlearnt}"][
            : len(expired)
        ]


async def bounds_of(reader: LogReader, span: Span) -> Bounds:
    """Return the bounds of `span`.

    The ends of telemetry are taken first: what followed from it is then within the others.

    Raises
    ------
    BrokerAway, TopicError
        Where the log cannot be read.
    """
    topics = (TELEMETRY.name, *INBOXES)
    begins = await reader.beginning_offsets(topics)
    ends: Offsets = {}
    for topic in topics:
        ends |= await _at(reader, (topic,), span.until)
    begun = None
    if span.at_most is not None and _between(begins, ends) > span.at_most:
        begun = await _newest(reader, topics, ends, span.at_most)
        begins = await reader.offsets_at(topics, begun)
    forks = begins if span.since is None else await _at(reader, topics, span.since)
    return Bounds(begins, forks, ends, begun)


async def _at(reader: LogReader, topics: Sequence[str], moment: float | None) -> Offsets:
    if moment is None:
        return await reader.end_offsets(topics)
    # The broker keeps stamps from 1970 on, and negative ones have meanings of their own.
    return await reader.offsets_at(topics, max(0.0, moment))


async def _newest(reader: LogReader, topics: Sequence[str], ends: Offsets, at_most: int) -> float:
    """Return a moment from which there are at most so many records, and hardly fewer."""
    late = time.time()
    early = late - _DAYS * DAY_MS / 1000
    for _ in range(_LOOKS):
        middle = (early + late) / 2
        if _between(await reader.offsets_at(topics, middle), ends) > at_most:
            early = middle
        else:
            late = middle
    return late


def _between(begins: Offsets, ends: Offsets) -> int:
    return sum(max(0, ends[place] - begin) for place, begin in begins.items())
