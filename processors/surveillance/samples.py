"""Heartbeats by columns, and the rounds in which they are folded.

Within a round every agent, and so every series, occurs once. State thus advances for each agent
in the order of its records, however the log was cut into fetches.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from processors.columns import Bools, Floats, Ints


class Samples(NamedTuple):
    """Records of one batch by columns, and their values by columns.

    `record` says to which record a value belongs; `first` marks where each record's values
    begin.
    """

    offset: Ints
    slot: Ints
    now: Floats
    at: Floats
    declared: Ints
    value: Floats
    series: Ints
    record: Ints

    def only(self, keep: Bools) -> Samples:
        """Return the records that `keep` marks, with their values."""
        values = keep[self.record]
        renumbered = np.cumsum(keep) - 1
        return Samples(
            offset=self.offset[keep],
            slot=self.slot[keep],
            now=self.now[keep],
            at=self.at[keep],
            declared=self.declared[keep],
            value=self.value[values],
            series=self.series[values],
            record=renumbered[self.record[values]],
        )


def rounds(samples: Samples) -> Iterator[Samples]:
    """Yield the records of `samples`, each agent at most once a round."""
    order = np.argsort(samples.slot, kind="stable")
    slots = samples.slot[order]
    starts = np.flatnonzero(np.diff(slots, prepend=-1))
    lengths = np.diff(starts, append=len(slots))
    turn = np.empty(len(slots), dtype=np.int64)
    turn[order] = np.arange(len(slots)) - np.repeat(starts, lengths)
    last = int(lengths.max(initial=0))
    if last == 1:
        yield samples
        return
    yield from _slices(samples, turn, last)


def _slices(samples: Samples, turn: Ints, last: int) -> Iterator[Samples]:
    """Sort everything by its turn once, then cut: linear in the batch, whoever sends how much."""
    records = np.argsort(turn, kind="stable")
    of_value = turn[samples.record]
    values = np.argsort(of_value, kind="stable")
    record_cut = np.searchsorted(turn[records], np.arange(last + 1)).tolist()
    value_cut = np.searchsorted(of_value[values], np.arange(last + 1)).tolist()
    number = np.empty(len(records), dtype=np.int64)
    number[records] = np.arange(len(records))
    columns = [column[records] for column in samples[:5]]
    value, series = samples.value[values], samples.series[values]
    record = number[samples.record[values]]
    for k in range(last):
        own, held = slice(*record_cut[k : k + 2]), slice(*value_cut[k : k + 2])
        offset, slot, now, at, declared = (column[own] for column in columns)
        renumbered = record[held] - record_cut[k]
        yield Samples(
            offset.astype(np.int64),
            slot.astype(np.int64),
            now.astype(np.float64),
            at.astype(np.float64),
            declared.astype(np.int64),
            value[held],
            series[held],
            renumbered,
        )
