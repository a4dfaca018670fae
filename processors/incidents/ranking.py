"""Root cause first: which agent of an incident it most likely began at.

Every agent gets four marks of 0 to 1, which are weighed and added:

- *unexplained*: 1 where nothing that it needs shows a finding, else little;
- *explains*: the share of the others that need it, also at second hand;
- *early*: 1 for the first to deviate, falling to 0 for the last;
- *strong*: how severe, and how far beyond what was expected.

When it fails: a cause that shows no finding cannot be ranked, and what needs it is blamed; a
dependency that was not declared makes its victim look unexplained; deviations that begin within one
interval of the agents' heartbeats have no order that could be trusted.

References
----------
Hardt et al., "The PetShop Dataset: Finding Causes of Performance Issues across Microservices"
(CLeaR 2024), for the traversal; Pham et al., "BARO: Robust Root Cause Analysis for Microservices"
(FSE 2024), for strength.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

W_UNEXPLAINED: Final = 0.40
W_EXPLAINS: Final = 0.20
W_EARLY: Final = 0.20
W_STRONG: Final = 0.20


class Node(NamedTuple):
    """An agent that shows findings.

    Parameters
    ----------
    since : float
        When its first deviation began, seconds since the epoch.
    strength : float
        0-1.
    """

    agent: str
    since: float
    strength: float


class Ranked(NamedTuple):
    """An agent with its score and the marks that it is made of."""

    agent: str
    score: float
    unexplained: bool
    explains: int
    place: int


def rank(nodes: Sequence[Node], needs: Mapping[str, Collection[str]]) -> list[Ranked]:
    """Return the agents of `nodes`, the likeliest root first.

    Parameters
    ----------
    needs : mapping
        Whom each agent needs, also at second hand; what is not among `nodes` does not count.

    Examples
    --------
    >>> found = rank([Node("web", 1.0, 0.5), Node("db", 0.0, 0.5)], {"web": ["db"]})
    >>> [each.agent for each in found]
    ['db', 'web']
    """
    present = {node.agent for node in nodes}
    shown = {node.agent: present.intersection(needs.get(node.agent, ())) for node in nodes}
    explains = dict.fromkeys(present, 0)
    for agent, needed in shown.items():
        for name in needed - {agent}:
            explains[name] += 1
    first = min(node.since for node in nodes)
    span = max(node.since for node in nodes) - first
    places = _places(nodes)
    others = max(len(nodes) - 1, 1)
    ranked = []
    for node in nodes:
        # Agents that need each other explain each other no more than themselves.
        above = {name for name in shown[node.agent] if node.agent not in shown[name]}
        early = 1.0 - (node.since - first) / span if span > 0.0 else 1.0
        score = (
            W_UNEXPLAINED * (0.0 if above - {node.agent} else 1.0)
            + W_EXPLAINS * (explains[node.agent] / others)
            + W_EARLY * early
            + W_STRONG * node.strength
        )
        ranked.append(
            Ranked(
                node.agent,
                score,
                not above - {node.agent},
                explains[node.agent],
                places[node.agent],
            )
        )
    return sorted(ranked, key=lambda each: (-each.score, each.place, each.agent))


def _places(nodes: Sequence[Node]) -> dict[str, int]:
    """Return how many began before each."""
    ordered = sorted(node.since for node in nodes)
    firsts: dict[float, int] = {}
    for place, since in enumerate(ordered):
        firsts.setdefault(since, place)
    return {node.agent: firsts[node.since] for node in nodes}
