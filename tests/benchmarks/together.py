"""Many agents judged in step, by the vectors that run live: a row of each at a time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from config.policy import default_policy
from processors.columns import Ints
from processors.detection.agent import bar_for
from processors.detection.arithmetic import SCALAR
from processors.detection.fold import Promise, Seen, Told, Values, see, tell
from processors.detection.memory import OwnAgents, OwnSeries, accept, rest
from processors.detection.standing import turn
from processors.detection.tuning import TUNING
from tests.benchmarks.labelled import Bools, Floats, Labelled


class Together:
    """The detector of some machines; NaN is a value that is missing.

    Parameters
    ----------
    machines : sequence of Labelled
        Of any width and length.
    listen : bool
        Whether to keep what each metric says, in `said`: for each machine deviation, relative
        deviation, novelty and whether it was known, each of shape (rows, metrics).
    """

    def __init__(self, machines: Sequence[Labelled], *, listen: bool = False) -> None:
        policy = default_policy().surveillance.detector
        weekly = policy.false_alarms_per_agent_week
        self._promise = Promise(weekly, bar_for(SCALAR, weekly))
        self._accept_after_s = policy.accept_after_s
        self._machines = machines
        self._some = [(~np.isnan(machine.values)).any(axis=1).tolist() for machine in machines]
        widths = [machine.values.shape[1] for machine in machines]
        first = np.r_[0, np.cumsum(widths)].tolist()
        self._rows = [np.arange(begin, end) for begin, end in pairwise(first)]
        self._series, self._agents = OwnSeries(), OwnAgents()
        self._series.take_block(first[-1])
        self._agents.take_block(len(machines))
        self._found = [(np.zeros(len(m.at)), np.zeros(len(m.at), bool)) for m in machines]
        heard = machines if listen else []
        self.said = [np.zeros((4, *machine.values.shape)) for machine in heard]

    def judged(self) -> list[tuple[Floats, Bools]]:
        """Return score and alarm of every row of every machine."""
        for k in range(max(len(machine.at) for machine in self._machines)):
            self._row(k)
        return self._found

    def _row(self, k: int) -> None:
        here = [i for i, some in enumerate(self._some) if k < len(some) and some[k]]
        if not here:
            return
        value = np.concatenate([self._machines[i].values[k] for i in here])
        series = np.concatenate([self._rows[i] for i in here])
        record = np.repeat(np.arange(len(here)), [len(self._rows[i]) for i in here])
        there = ~np.isnan(value)
        at = np.array([self._machines[i].at[k] for i in here])
        v = Values(series[there], value[there], record[there], np.array(here), at)
        seen = see(TUNING, self._series, v)
        if self.said:
            self._listen(k, here, v, seen)
        told = tell(TUNING, self._agents, v, seen, self._promise)
        for place, i in enumerate(here):
            scores, alarms = self._found[i]
            scores[k], alarms[k] = told.score[place], told.alarm[place]
        self._turn(v.agent, at, told)

    def _listen(self, k: int, here: list[int], v: Values, seen: Seen) -> None:
        column = v.series - np.array([self._rows[i][0] for i in here])[v.record]
        for place, i in enumerate(here):
            own = v.record == place
            says = seen.deviation[own], seen.relative[own], seen.novelty[own], seen.judged[own]
            self.said[i][:, k, column[own]] = np.where(seen.judged[own], says, 0.0)

    def _turn(self, agent: Ints, at: Floats, told: Told) -> None:
        since = self._agents.alarm_since
        turns = turn(since[agent], at, told.alarm, told.lasts, self._accept_after_s)
        since[agent[turns.begins]] = at[turns.begins]
        for place in np.flatnonzero(turns.ends).tolist():
            i = int(agent[place])
            since[i] = np.inf
            if turns.accepted[place]:
                rest(self._agents, i)
                accept(self._series, self._rows[i], float(at[place]))
