"""Values of many series, gathered into as few heartbeats as say them all.

One heartbeat tells of an agent and a second. An agent has at most as many metrics as surveillance
takes of one; which of them, where there are more, does not depend on their order: those with the
fewest attributes, and by name among these. Once taken, a metric stays.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from streams.contracts.telemetry import BOUND, MAX_METRICS, Heartbeat

MOST_AGENTS: Final = 50_000
"""Agents whose metrics are remembered; beyond them all are forgotten, and learnt anew."""
TOO_MANY: Final = f"an agent has at most {MAX_METRICS} metrics"
UNFIT: Final = "a value is not finite, or 1e150 and more"
TIMELESS: Final = "a point has no time"


class Admitted:
    """Which metrics were taken of each agent so far.

    Parameters
    ----------
    most : int
        Of one agent.
    """

    def __init__(self, most: int = MAX_METRICS) -> None:
        self._most = most
        self._taken: dict[str, set[str]] = {}

    def admit(self, agent: str, names: set[str]) -> set[str]:
        """Return which of `names` are taken of `agent`."""
        if agent not in self._taken and len(self._taken) >= MOST_AGENTS:
            self._taken.clear()
        taken = self._taken.setdefault(agent, set())
        new = names - taken
        room = self._most - len(taken)
        if len(new) > room:
            new = set(sorted(new, key=lambda name: (name.count(":"), name))[: max(0, room)])
        taken |= new
        return names & taken


class Gathering:
    """Collects the values of one request, or of one scrape.

    Parameters
    ----------
    tenant : str
        Whose agents these are.

    Attributes
    ----------
    left_out : Counter of str
        How many values were not taken, by reason.
    """

    def __init__(self, tenant: str, admitted: Admitted) -> None:
        self._tenant = tenant
        self._admitted = admitted
        self._agents: dict[str, tuple[str, dict[str, str]]] = {}
        self._values: dict[tuple[str, int], dict[str, float]] = {}
        self._times: dict[tuple[str, int], float] = {}
        self.left_out: Counter[str] = Counter()

    def describe(self, agent: str, kind: str, labels: dict[str, str]) -> None:
        """Say of which type an agent is, and what else is known of it."""
        self._agents[agent] = kind, labels

    def add(self, agent: str, name: str, value: float, at: float) -> None:
        """Take one value; of a second the last one counts that comes."""
        if not -BOUND < value < BOUND or at <= 0:
            self.left_out[TIMELESS if at <= 0 else UNFIT] += 1
            return
        place = agent, int(at)
        values = self._values.get(place)
        if values is None:
            self._values[place] = {name: value}
            self._times[place] = at
            return
        values[name] = value
        if at > self._times[place]:
            self._times[place] = at

    def heartbeats(self) -> list[Heartbeat]:
        """Return what was collected, an agent's heartbeats in the order of their time."""
        names: dict[str, set[str]] = {}
        for (agent, _), values in self._values.items():
            names.setdefault(agent, set()).update(values)
        taken = {
            agent: self._admitted.admit(f"{self._tenant}/{agent}", of_it)
            for agent, of_it in names.items()
        }
        return [
            self._heartbeat(place, values)
            for place in sorted(self._values)
            if (values := self._of(place, taken[place[0]]))
        ]

    def _of(self, place: tuple[str, int], taken: set[str]) -> dict[str, float]:
        """Return the values at `place` that are taken, and count the others."""
        values = self._values[place]
        if values.keys() <= taken:
            return values
        kept = {name: value for name, value in values.items() if name in taken}
        self.left_out[TOO_MANY] += len(values) - len(kept)
        return kept

    def _heartbeat(self, place: tuple[str, int], values: dict[str, float]) -> Heartbeat:
        kind, labels = self._agents.get(place[0], ("service", {}))
        at = self._times[place]
        return Heartbeat(
            place[0], values, tenant_id=self._tenant, at=at, agent_type=kind, labels=labels
        )
