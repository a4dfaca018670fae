"""What a scenario is: a kind of fault, whom it hits, and what a good system says of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from streams.simulator.effects import EARLY, Effect
from streams.simulator.kinds import KINDS, Kind

HOUR_S: Final = 3600.0
DAY_S: Final = 86_400.0


class Verdict(StrEnum):
    """What is right to say while it lasts."""

    FAULT = "fault"
    """It must be found."""
    CHANGE = "change"
    """It must be told once, soon; what it leads to is the new normal."""
    NOTABLE = "notable"
    """It may be told, and may be left out: unusual, and nobody has to act."""
    BENIGN = "benign"
    """Whatever is said is a false alarm."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One kind of fault, as data.

    Parameters
    ----------
    name : str
        Unique; part of the ids of the agents that it is tried on.
    says : str
        What happens, in a sentence.
    kinds : tuple of Kind
        Agents that it can happen to.
    effects : tuple of Effect
        What it does; nothing to a metric that an agent does not send.
    lasts_s : tuple of float
        The shortest and the longest, in seconds.
    expects : tuple of str
        Kinds of findings of which one should name it.
    verdict : Verdict
        Whether it is a fault at all.
    together : int
        How many agents one event hits; neighbours on a host.
    """

    name: str
    says: str
    kinds: tuple[Kind, ...]
    effects: tuple[Effect, ...]
    lasts_s: tuple[float, float]
    expects: tuple[str, ...] = ()
    verdict: Verdict = Verdict.FAULT
    together: int = 1

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that show it, in the order of the effects; without any, silence."""
        named = (getattr(effect, "metric", None) for effect in self.effects)
        shown = tuple(dict.fromkeys(name for name in named if name is not None))
        if not shown and any(isinstance(effect, EARLY) for effect in self.effects):
            return tuple(dict.fromkeys(name for kind in self.kinds for name in kind.answers))
        return shown

    def described(self) -> dict[str, Any]:
        """Return what a person wants to know of it."""
        return {
            "name": self.name,
            "verdict": self.verdict.value,
            "says": self.says,
            "agent_types": [kind.name for kind in self.kinds],
            "metrics": list(self.metrics),
            "lasts_s": list(self.lasts_s),
            "expects": list(self.expects),
        }


def measuring(*metrics: str) -> tuple[Kind, ...]:
    """Return the kinds of agents that measure all of `metrics`."""
    return tuple(kind for kind in KINDS if all(metric in kind.answers for metric in metrics))


def hours(least: float, most: float) -> tuple[float, float]:
    """Return a span of time in seconds."""
    return least * HOUR_S, most * HOUR_S


def days(least: float, most: float) -> tuple[float, float]:
    """Return a span of time in seconds."""
    return least * DAY_S, most * DAY_S


def minutes(least: float, most: float) -> tuple[float, float]:
    """Return a span of time in seconds."""
    return least * 60.0, most * 60.0
