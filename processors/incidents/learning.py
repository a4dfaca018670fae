"""Topology as it is learnt: who begins to fail after whom, again and again.

For each ordered pair of agents it is counted how often the second began to show findings within
the window after the first. Two agents are linked where that happened several times, and in a good
share of what either of them shows: an agent that fails all the time precedes everything, and leads
to nothing. Where many fail at once, that says nothing of any two of them, and is not counted.

When it fails: a cause that takes effect after more than the window is not learnt, and two agents
that share a hidden cause look as if one led to the other; the share of times in which it was the
first says how little is known of the direction.
"""

from __future__ import annotations

from typing import Final

from config.incidents import IncidentPolicy
from processors.incidents.links import agent_link
from processors.incidents.state import IncidentsState, Onsets, tenant_of

CROWD: Final = 16
"""More agents that begin within a window are a storm."""
_PARTNERS: Final = 32
_FADED: Final = 0.75


def began(state: IncidentsState, key: str, at: float, policy: IncidentPolicy) -> None:
    """Note that `key` shows a finding, where it showed none before."""
    if _fails_already(state, key):
        return
    state.recent = [(t, agent) for t, agent in state.recent if at - t <= policy.window_s]
    state.recent.append((at, key))
    del state.recent[: -CROWD - 1]
    if len(state.recent) > CROWD:
        return
    own = state.onsets.setdefault(key, Onsets())
    own.count += 1.0
    earlier = {agent for _, agent in state.recent[:-1]} - {key}
    for leader in sorted(earlier):
        if tenant_of(leader) == tenant_of(key):
            _follow(state, leader, key)
    while state.pairs > policy.max_pairs or len(state.onsets) > policy.max_agents:
        _fade(state)


def followed(state: IncidentsState, key: str, policy: IncidentPolicy) -> list[str]:
    """Return the agents that `key` is linked with by experience."""
    own = state.onsets.get(key)
    if own is None:
        return []
    partners = sorted({*own.after, *own.before})
    return [name for name in partners if _linked(state, own, name, policy)]


def leads(state: IncidentsState, leader: str, key: str, policy: IncidentPolicy) -> bool:
    """Say whether `leader` is known to begin before `key`, and hardly ever after it."""
    own = state.onsets.get(key)
    if own is None or not _linked(state, own, leader, policy):
        return False
    return own.after.get(leader, 0.0) >= 2.0 * own.before.get(leader, 0.0)


def _linked(state: IncidentsState, own: Onsets, name: str, policy: IncidentPolicy) -> bool:
    other = state.onsets.get(name)
    if other is None:
        return False
    together = own.after.get(name, 0.0) + own.before.get(name, 0.0)
    least = policy.learnt_share * max(own.count, other.count)
    return together >= policy.learnt_minimum and together >= least


def _fails_already(state: IncidentsState, key: str) -> bool:
    found = state.found_by.get(agent_link(key), ())
    return any(key in state.incidents[name].open_findings for name in found)


def _follow(state: IncidentsState, leader: str, key: str) -> None:
    first = state.onsets.get(leader)
    own = state.onsets[key]
    if first is None:
        return
    new = leader not in own.after
    if new and (len(own.after) >= _PARTNERS or len(first.before) >= _PARTNERS):
        return
    state.pairs += new
    own.after[leader] = first.before[key] = own.after.get(leader, 0.0) + 1.0


def _fade(state: IncidentsState) -> None:
    """Halve all counts, and forget what is left with less than one."""
    for onsets in state.onsets.values():
        onsets.count /= 2.0
        onsets.after = _faded(onsets.after)
        onsets.before = _faded(onsets.before)
    state.onsets = {k: v for k, v in state.onsets.items() if v.count >= _FADED or v.after}
    state.pairs = sum(len(onsets.after) for onsets in state.onsets.values())


def _faded(counts: dict[str, float]) -> dict[str, float]:
    return {name: count / 2.0 for name, count in counts.items() if count / 2.0 >= _FADED}
