"""Heartbeats gathered between two control records, then folded as vectors."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np

from processors.columns import Floats
from processors.dead_letters import dead_letter
from processors.step import Emission
from processors.surveillance import clocks, judge
from processors.surveillance.samples import Samples
from processors.surveillance.state import SurveillanceState
from streams.contracts.errors import InvalidField
from streams.contracts.record import Record


@dataclass(slots=True)
class Batch:
    """Columns of what was admitted, as lists; `early` holds facts of admission itself."""

    records: list[Record] = field(default_factory=list)
    slots: list[int] = field(default_factory=list)
    now: list[float] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    declared: list[int] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    bases: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    blocks: list[Floats] = field(default_factory=list)
    """Values that came before those in `values`."""
    scattered: list[tuple[int, list[int]]] = field(default_factory=list)
    """The place of a record whose series are not adjacent, and those series."""
    beyond: dict[int, float] = field(default_factory=dict)
    """By how many seconds the clock was ahead of records whose own time was not believed."""
    early: list[Emission] = field(default_factory=list)

    def add(self, values: Floats) -> None:
        """Gather values that lie in an array."""
        self._close()
        self.blocks.append(values)

    def _close(self) -> None:
        if self.values:
            self.blocks.append(np.array(self.values, dtype=np.float64))
            self.values.clear()

    def flush(self, state: SurveillanceState) -> list[Emission]:
        """Fold all that is gathered; return what follows, ordered by offset."""
        emissions = list(self.early)
        if self.records:
            samples = self._samples()
            stamped = np.array([record.timestamp for record in self.records])
            clocks.heard(state, samples, stamped, self.beyond)
            samples, bad = self._finite(samples)
            emissions = emissions + bad + judge.fold(state, samples)
            emissions.sort(key=lambda emission: emission.offset)
        for column in fields(self):
            getattr(self, column.name).clear()
        return emissions

    def _samples(self) -> Samples:
        self._close()
        lengths = np.array(self.lengths, dtype=np.int64)
        starts = np.cumsum(lengths) - lengths
        series = np.repeat(np.array(self.bases, dtype=np.int64) - starts, lengths)
        series += np.arange(len(series))
        for record, scattered in self.scattered:
            start = starts[record]
            series[start : start + len(scattered)] = scattered
        return Samples(
            offset=np.array([record.offset for record in self.records], dtype=np.int64),
            slot=np.array(self.slots, dtype=np.int64),
            now=np.array(self.now, dtype=np.float64),
            at=np.array(self.at, dtype=np.float64),
            declared=np.array(self.declared, dtype=np.int64),
            value=np.concatenate(self.blocks or [np.empty(0)]),
            series=series,
            record=np.repeat(np.arange(len(lengths)), lengths),
        )

    def _finite(self, samples: Samples) -> tuple[Samples, list[Emission]]:
        """Take out records with a value that no statistic could bear."""
        good = np.abs(samples.value) < 1e150
        if bool(good.all()):
            return samples, []
        keep = np.ones(len(self.records), dtype=np.bool_)
        letters = []
        for record in np.unique(samples.record[~good]).tolist():
            keep[record] = False
            value = float(samples.value[(samples.record == record) & ~good][0])
            remedy = "use a finite number below 1e150"
            error = InvalidField("invalid_metric_value", "metrics", value, remedy)
            letter = dead_letter(self.records[record], error)
            letters.append(Emission(self.records[record].offset, letter))
        return samples.only(keep), letters
