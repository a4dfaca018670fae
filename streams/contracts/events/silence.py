"""Silences: what a person does not want to be asked about for a while."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

NAMES: Final = ("agent", "type", "host", "group", "kind", "metric", "severity", "rule")
"""What a matcher may look at, beside ``label.NAME``."""
LABEL: Final = "label."


class Matcher(msgspec.Struct, frozen=True):
    """One condition on a finding and its agent.

    Parameters
    ----------
    name : str
        One of `NAMES`, or ``label.`` and the name of a label; the agent is its id.
    value : str
        Patterns, of which one must match the whole value: ``*`` stands for any characters, ``?``
        for one, ``|`` is between alternatives.
    negated : bool
        Whether none may match.
    """

    name: str
    value: str
    negated: bool = False

    def __str__(self) -> str:
        """Return it as a person writes it."""
        return f"{self.name}{'!=' if self.negated else '='}{self.value}"


def written(matchers: Iterable[Matcher]) -> str:
    """Return the conditions of a silence as a person writes them.

    Examples
    --------
    >>> written([Matcher("agent", "web-*"), Matcher("kind", "anomaly", negated=True)])
    'agent=web-* kind!=anomaly'
    """
    return " ".join(map(str, matchers)) or "everything"


class Recurrence(msgspec.Struct, frozen=True):
    """Windows that come back on days of the week, by the clock of a place.

    Parameters
    ----------
    days : list of int
        On which they begin; 0 is Monday.
    start_s : int
        Seconds after midnight on the clock of that place.
    lasts_s : int
        How long each lasts.
    time_zone : str
        The place, as the IANA database names it.
    offsets : list of (float, int)
        From when on (seconds since the epoch) its clock is ahead of UTC by how many seconds. So
        what the record means does not depend on who reads it, or when.
    """

    days: list[int]
    start_s: int
    lasts_s: int
    time_zone: str
    offsets: list[tuple[float, int]]


class SilenceCreated(msgspec.Struct, frozen=True):
    """Findings that match shall ask for nobody's attention.

    Parameters
    ----------
    silence_id : str
        Names it for ever.
    matchers : list of Matcher
        All must hold; none means everything of the tenant.
    starts_at, ends_at : float
        Seconds since the epoch. Where it recurs, windows lie within.
    reason, created_by : str
        Why, and who.
    maintenance : bool
        Whether automatic actions are held back as well.
    recurrence : Recurrence or None
        None where it holds all the time from start to end.
    """

    silence_id: str
    matchers: list[Matcher]
    starts_at: float
    ends_at: float
    reason: str
    created_by: str
    maintenance: bool = False
    recurrence: Recurrence | None = None


class SilenceEnded(msgspec.Struct, frozen=True):
    """A person ended a silence before its time."""

    silence_id: str
    ended_by: str
    reason: str


class SilenceRefused(msgspec.Struct, frozen=True):
    """A silence never came into force, by a named rule: tenant_limit, or over_already."""

    silence_id: str
    reason: str
    detail: str
