"""The constants of the detector: one fixed configuration for every metric of every agent."""

from __future__ import annotations

from typing import Final, NamedTuple

LN2: Final = 0.6931471805599453


class Tuning(NamedTuple):
    """What the detector assumes of the world.

    Few, and chosen by reason rather than search; `tests/benchmarks/detection` removes each part
    and shows what it is worth.

    Parameters
    ----------
    level_h : float
        Half-life of level and spread, hours: a week, so that each weekday counts alike.
    range_d : float
        Half-life of the remembered range, days: two months; what was seen last quarter may
        surprise again.
    clip : float
        Learn at most so many spreads from one value.
    floor : float
        Smallest spread that can matter, as a share of the largest value of late. So the unit of a
        metric makes no difference, but its zero does: what moves by a hundredth of its distance
        from zero is judged more coarsely than the same less an offset.
    novelty : float
        Excess over the remembered range, as a share of its width, that scores one half.
    day_rate : float
        Share of a deviation that the profile of an hour learns in one day.
    season_from_d : float
        Age in days from which the profile is believed.
    evidence : float
        Deviation, in spreads, of the only metric of an agent that would score one half; with m
        metrics that speak together, ``evidence / m`` each.
    learning_d : float
        Days in which a new agent is judged mildly.
    """

    level_h: float = 168.0
    range_d: float = 60.0
    clip: float = 3.0
    floor: float = 0.005
    novelty: float = 0.08
    day_rate: float = 0.3
    season_from_d: float = 2.0
    evidence: float = 20.0
    learning_d: float = 1.0


TUNING: Final = Tuning()
