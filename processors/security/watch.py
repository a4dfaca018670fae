"""Rules on metrics, folded by vectors: when a threat opens, and when it ends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from processors.columns import Bools, Floats, Ints
from processors.security.columns import WatchColumns
from processors.security.panes import Panes
from processors.security.rules import INCREASE, RATE, SUM, VALUE, Rules

Heads = npt.NDArray[np.int32]
"""The first watch of each series; -1 where no rule watches it."""


class Turn(NamedTuple):
    """A threat that opens, or ends: which watch, what was compared, and whose value it was."""

    row: int
    value: float
    opens: bool
    place: int = -1


class Watches:
    """All watches of one partition."""

    def __init__(self) -> None:
        self.rows = WatchColumns()
        self.panes = Panes()

    def begin(
        self, rules: Rules, heads: Heads, series: int, slot: int, wanted: Iterable[int]
    ) -> None:
        """Let each of the rules `wanted` watch a series that nothing watches yet."""
        w = self.rows
        for rule in wanted:
            row = w.take()
            w.slot[row], w.series[row], w.rule[row] = slot, series, rule
            w.next[row] = heads[series]
            if rules.kind[rule] != VALUE:
                w.pane[row] = self.panes.take(int(rules.kind[rule]))
            heads[series] = row

    def of(self, heads: Heads, series: int) -> list[int]:
        """Return the watches over a series."""
        found, row = [], int(heads[series])
        while row >= 0:
            found.append(row)
            row = int(self.rows.next[row])
        return found

    def end(self, heads: Heads, series: int) -> None:
        """Forget the watches over a series."""
        for row in self.of(heads, series):
            self._release(row)
        heads[series] = -1

    def _release(self, row: int) -> None:
        if self.rows.pane[row] >= 0:
            self.panes.release(int(self.rows.pane[row]))
        self.rows.release(row)

    def change(
        self,
        rules: Rules,
        heads: Heads,
        series: int,
        slot: int,
        wanted: Sequence[int],
        to: Sequence[int],
    ) -> list[int]:
        """Let exactly the rules `wanted` watch a series; a watch that goes on keeps what it knows.

        Parameters
        ----------
        to : sequence of int
            The number that each rule has now, by the number that it had; -1 where it is gone.

        Returns
        -------
        list of int
            The rules, by the number that they had, whose open threats nobody watches any longer.
        """
        w, kept, gone = self.rows, dict[int, int](), []
        for row in self.of(heads, series):
            had = int(w.rule[row])
            if to[had] in wanted:
                kept[to[had]] = row
                continue
            if w.open[row]:
                gone.append(had)
            self._release(row)
        heads[series] = -1
        for rule, row in kept.items():
            w.rule[row], w.next[row] = rule, heads[series]
            heads[series] = row
        self.begin(rules, heads, series, slot, [rule for rule in wanted if rule not in kept])
        return gone

    def observe(
        self, rules: Rules, heads: Heads, series: Ints, value: Floats, now: Floats
    ) -> list[Turn]:
        """Fold one value of each of `series`; return the threats that open or end."""
        first = heads[series]
        places = np.flatnonzero(first >= 0)
        rows, turns = first[places].astype(np.int64), []
        while len(rows):
            turns += self._judge(rules, rows, value[places], now[places], places)
            rows = self.rows.next[rows].astype(np.int64)
            more = rows >= 0
            rows, places = rows[more], places[more]
        return turns

    def _judge(
        self, rules: Rules, rows: Ints, value: Floats, now: Floats, places: Ints
    ) -> list[Turn]:
        w = self.rows
        rule = w.rule[rows].astype(np.int64)
        windowed = rules.kind[rule] != VALUE
        if bool(windowed.any()):
            pane = w.pane[rows[windowed]].astype(np.int64)
            seen = self.panes.fold(rules, pane, rule[windowed], value[windowed], now[windowed])
            value = value.copy()
            value[windowed] = seen
        met = value * rules.sign[rule] > rules.limit[rule]
        busy = np.flatnonzero(met | w.open[rows] | (w.run[rows] > 0))
        if not len(busy):
            return []
        turned = self._settle(rules, rows[busy], met[busy], now[busy])
        return [
            Turn(int(rows[i]), float(value[i]), bool(w.open[rows[i]]), int(places[i]))
            for i in busy[turned].tolist()
        ]

    def _settle(self, rules: Rules, rows: Ints, met: Bools, now: Floats) -> Ints:
        """Note whether each condition holds; return those whose threat opens or ends."""
        w = self.rows
        rule = w.rule[rows]
        w.since[rows] = np.where(met, np.minimum(w.since[rows], now), np.inf)
        w.run[rows] = np.where(met, np.minimum(w.run[rows] + 1, rules.count[rule]), 0)
        held = np.where(rules.kind[rule] == VALUE, rules.window[rule], 0.0)
        opened = w.open[rows]
        better = np.where(met | ~opened, np.inf, np.minimum(w.better_since[rows], now))
        w.better_since[rows] = better
        opens = met & ~opened & (w.run[rows] >= rules.count[rule]) & (now - w.since[rows] >= held)
        ends = now - better >= rules.clear[rule]
        w.open[rows] = (opened | opens) & ~ends
        w.better_since[rows[ends]] = np.inf
        return np.flatnonzero(opens | ends)

    def interrupt(self) -> None:
        """End what is pending: what nobody has heard did not hold."""
        w = self.rows
        w.since[: w.size], w.better_since[: w.size], w.run[: w.size] = np.inf, np.inf, 0

    def tick(self, rules: Rules, now: float) -> list[Turn]:
        """Return the threats that end because time passed.

        What is summed leaves its window by time alone. Of all else nothing is known without new
        values: it stays as it was.
        """
        w = self.rows
        rows = np.flatnonzero(w.open[: w.size])
        if not len(rows):
            return []
        rule = w.rule[rows].astype(np.int64)
        value = np.full(len(rows), np.nan)
        kind = rules.kind[rule]
        sums = np.flatnonzero((kind == SUM) | (kind == INCREASE) | (kind == RATE))
        if len(sums):
            value[sums] = self._amounts(rules, rows[sums], now)
            over = sums[~(value[sums] * rules.sign[rule[sums]] > rules.limit[rule[sums]])]
            better = w.better_since[rows[over]]
            w.better_since[rows[over]] = np.minimum(better, now)
        ends = now - w.better_since[rows] >= rules.clear[rule]
        w.open[rows[ends]], w.better_since[rows[ends]] = False, np.inf
        w.since[rows[ends]], w.run[rows[ends]] = np.inf, 0
        return [Turn(int(rows[i]), float(value[i]), False) for i in np.flatnonzero(ends).tolist()]

    def _amounts(self, rules: Rules, rows: Ints, now: float) -> Floats:
        pane, rule = self.rows.pane[rows].astype(np.int64), self.rows.rule[rows].astype(np.int64)
        return self.panes.amounts(rules, pane, rule, np.full(len(rows), now))
