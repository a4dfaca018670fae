"""Finds rules that can never fire, because what they count does not exist.

They are refused where somebody puts them in force, and read wherever they are in force already.
"""

from __future__ import annotations

from collections.abc import Iterator

from config.surveillance import SurveillancePolicy
from config.threats import ThreatRule
from processors.conversations.verdicts import KINDS
from processors.lifecycle.transitions import Status
from streams.contracts.events.finding import ACCEPTABLE


def senseless(policy: SurveillancePolicy) -> Iterator[str]:
    """Yield a sentence for each kind that a rule counts and nothing is of.

    Examples
    --------
    >>> rule = ThreatRule(name="naps", event="status_changed", kinds=["asleep"], window_s=60)
    >>> next(senseless(SurveillancePolicy(threats=[rule])))[:66]
    "threat naps: kinds holds 'asleep', which is no status; use some of"
    """
    found = {*ACCEPTABLE, *KINDS, "agent_offline", *(each.kind for each in policy.thresholds)}
    known = {"status_changed": ("status", {*Status}), "finding": ("kind of finding", found)}
    for rule in policy.threats:
        if rule.event in known:
            yield from _strangers(rule, *known[rule.event])


def _strangers(rule: ThreatRule, what: str, known: set[str]) -> Iterator[str]:
    for kind in rule.kinds:
        if kind not in known:
            told = f"threat {rule.name}: kinds holds {kind!r}, which is no {what}"
            yield f"{told}; use some of {', '.join(sorted(known))}"
