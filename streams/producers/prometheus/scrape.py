"""Scrapes one exporter, as Prometheus does: everything of it, or nothing.

Times that an exporter gives its samples are not used: they are as of the scrape.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping, Sequence
from fnmatch import translate
from typing import Final

from streams.contracts.telemetry import BOUND, MAX_METRICS
from streams.producers.prometheus.exposition import (
    ACCEPTED,
    OPENMETRICS,
    Exposed,
    Malformed,
    labels_of,
    parse,
)
from streams.producers.prometheus.translating import Reader, Translator
from streams.producers.series.gathering import Admitted
from streams.producers.sources.access import NOBODY, Access
from streams.producers.sources.http_get import get
from streams.producers.sources.sensor import Measured, SourceAway

log = logging.getLogger(__name__)

_OWN: Final = 3
"""Metrics that a scrape has beside those that it finds: up, its time, its samples."""
SAMPLES: Final = "scrape_samples"


class Scraped:
    """Makes values of one exporter's expositions, scrape after scrape.

    Parameters
    ----------
    metrics : sequence of str
        Patterns of the names to take.
    labels : mapping of str to str
        What labels are called; an empty name leaves one out.
    """

    def __init__(self, metrics: Sequence[str], labels: Mapping[str, str]) -> None:
        self._wanted = re.compile("|".join(translate(pattern) for pattern in metrics))
        self._labels = labels
        self._translator = Translator()
        self._admitted = Admitted(MAX_METRICS - _OWN)
        self._types: dict[str, str] = {}
        self._readers: dict[str, Reader | None] = {}
        self.left_out = 0
        """Values of the last scrape that an agent has no room for."""

    def values(self, exposed: Exposed, at: float) -> dict[str, float]:
        """Return what a scrape at `at` (seconds since the epoch) tells.

        Raises
        ------
        Malformed
            If a sample's labels cannot be read.
        """
        if exposed.types != self._types or len(self._readers) > 2 * len(exposed.samples):
            self._types, self._readers = exposed.types, {}
        found: dict[str, float] = {}
        for head, value in exposed.samples:
            if head not in self._readers:
                self._readers[head] = self._reader(head)
            reader = self._readers[head]
            if reader is not None:
                found.update(reader(value, at))
        finite = {name: value for name, value in found.items() if -BOUND < value < BOUND}
        taken = self._admitted.admit("", set(finite))
        self.left_out = len(finite) - len(taken)
        return {name: value for name, value in finite.items() if name in taken}

    def _reader(self, head: str) -> Reader | None:
        name, labels = labels_of(head)
        if self._wanted.match(name) is None:
            return None
        special = {key: labels.pop(key) for key in ("le", "quantile") if key in labels}
        named = {self._labels.get(key, key): value for key, value in labels.items()}
        named.pop("", None)
        return self._translator.reader("", name, named | special, self._types)


class PrometheusSensor:
    """Scrapes `url`; counters are rates from the second scrape on."""

    kind: str
    alive = "up"

    def __init__(
        self,
        name: str,
        url: str,
        scraped: Scraped,
        *,
        kind: str = "service",
        labels: Mapping[str, str] | None = None,
        access: Access = NOBODY,
    ) -> None:
        self.name = name
        self.kind = kind
        self._url = url
        self._scraped = scraped
        self._labels = dict(labels or {})
        self._access = access
        self._told = 0

    async def read(self) -> list[Measured]:
        """Scrape once.

        Raises
        ------
        SourceAway
            If it does not answer in the format of Prometheus.
        """
        at = time.time()
        answer = await get(self._url, {"Accept": ACCEPTED}, self._access)
        openmetrics = answer.media_type.startswith(OPENMETRICS)
        try:
            exposed = parse(answer.body.decode("utf-8"), openmetrics=openmetrics)
            metrics = self._scraped.values(exposed, at)
        except (Malformed, UnicodeDecodeError) as error:
            raise SourceAway(f"it does not expose metrics: {error}") from error
        self._tell_of_room()
        metrics[SAMPLES] = float(len(exposed.samples))
        return [Measured(self.name, metrics, self._labels)]

    def _tell_of_room(self) -> None:
        if self._scraped.left_out > self._told:
            self._told = self._scraped.left_out
            log.warning(
                "%s has %d values more than the %d that an agent has room for: name those that "
                "matter under its `metrics`", self.name, self._told, MAX_METRICS,
            )  # fmt: skip

    async def close(self) -> None:
        """Hold nothing."""
