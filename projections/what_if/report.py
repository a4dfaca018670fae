"""What another policy would have changed, as it is told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from projections.what_if.differences import Verdict
from projections.what_if.divergence import Divergences
from projections.what_if.spool import Spool
from streams.contracts.envelope import rfc3339

_EXAMPLES: Final = 20
_ROWS: Final = 500
_TARGETS: Final = 20


class Row(msgspec.Struct):
    """Counts of one kind of finding, or one stage of an action, of one agent.

    Parameters
    ----------
    what : str
        ``finding``, ``severity`` (of an open finding), ``place`` (of an agent in its tenant), or
        the stage of an action: ``proposed``, ``withheld``, ``held for approval``, ``queued``,
        ``granted``, ``refused``.
    kind : str
        The finding's kind and metric, or the action.
    agent : str
        ``tenant/agent``.
    same, moved, otherwise, gone, added : int
        How many stay; come sooner or later; come with another severity, score or mode; would not
        have been; would have been in addition.
    beyond : int
        How many lie beyond the divergence of that agent, where nothing is certain.
    """

    what: str
    kind: str
    agent: str
    same: int = 0
    moved: int = 0
    otherwise: int = 0
    gone: int = 0
    added: int = 0
    beyond: int = 0

    @property
    def differing(self) -> int:
        """How many are certain to differ."""
        return self.moved + self.otherwise + self.gone + self.added


class Example(msgspec.Struct):
    """One difference: what it was, and what it would have been."""

    verdict: str
    what: str
    kind: str
    agent: str
    at: str
    later_s: float
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class Divergence(msgspec.Struct):
    """From when on what the world did says nothing of one agent under the candidate."""

    agent: str
    since: str


class WhatIf(msgspec.Struct):
    """The recorded log under another policy.

    Parameters
    ----------
    since, until : str or None
        When the candidate was put in force, and where the reading ended; None is the beginning,
        or the end, of what is kept.
    policy_hash : str
        The candidate's.
    records : int
        How many were read.
    seconds : float
        How long it took.
    rows : list of Row
        Those that differ most first.
    rows_left_off : int
        How many more there are.
    examples : list of Example
        The first differences, oldest first.
    diverged : list of Divergence
        The first agents that would have been treated otherwise: certainty ends there.
    diverged_agents : int
        How many there are.
    outcomes_beyond : int
        Recorded outcomes of actions that were not relied on, as they came after that.
    notes : list of str
        What limits the answer.
    """

    since: str | None
    until: str | None
    policy_hash: str
    records: int
    seconds: float
    rows: list[Row]
    rows_left_off: int
    examples: list[Example]
    diverged: list[Divergence]
    diverged_agents: int
    outcomes_beyond: int
    notes: list[str]

    @property
    def equal(self) -> bool:
        """Whether every decision would have been the same."""
        return not self.diverged_agents and not any(row.differing for row in self.rows)


def rows_of(spool: Spool, diverged: Mapping[str, float], tenant: str | None) -> list[Row]:
    """Return the counts, those that differ most first."""
    _note(spool, diverged)
    rows: dict[tuple[str, str, str], Row] = {}
    counted = spool.database.execute(
        "SELECT what, kind, d.subject, verdict, ifnull(d.at > u.at, 0), count(*) FROM differences d"
        " LEFT JOIN uncertain u ON u.subject = d.subject GROUP BY 1, 2, 3, 4, 5"
    )
    for what, kind, subject, verdict, beyond, count in counted:
        if _of_tenant(subject, tenant):
            row = rows.setdefault((what, kind, subject), Row(what, kind, subject))
            name = "beyond" if beyond else verdict
            setattr(row, name, getattr(row, name) + count)
    return sorted(rows.values(), key=lambda r: (-r.differing, r.what, r.kind, r.agent))


def examples_of(
    spool: Spool, diverged: Mapping[str, float], tenant: str | None, most: int = _EXAMPLES
) -> list[Example]:
    """Return the first differences that are certain."""
    _note(spool, diverged)
    found: list[Example] = []
    rows = spool.database.execute(
        "SELECT verdict, what, kind, d.subject, d.at, later_s, before, after FROM differences d"
        " LEFT JOIN uncertain u ON u.subject = d.subject"
        " WHERE verdict <> ? AND (u.at IS NULL OR d.at <= u.at) ORDER BY d.at, serial",
        (Verdict.SAME.value,),
    )
    for verdict, what, kind, subject, at, later, before, after in rows:
        if _of_tenant(subject, tenant):
            one, other = (each and msgspec.json.decode(each) for each in (before, after))
            found.append(Example(verdict, what, kind, subject, rfc3339(at), later, one, other))
        if len(found) == most:
            break
    return found


def report(spool: Spool, diverged: Divergences, tenant: str | None, **measured: Any) -> WhatIf:
    """Return the answer; `measured` are the fields that are known already."""
    since = diverged.since
    rows = rows_of(spool, since, tenant)
    ours = sorted((at, agent) for agent, at in since.items() if _of_tenant(agent, tenant))
    return WhatIf(
        rows=rows[:_ROWS],
        rows_left_off=max(0, len(rows) - _ROWS),
        examples=examples_of(spool, since, tenant),
        diverged=[Divergence(agent, rfc3339(at)) for at, agent in ours[:_TARGETS]],
        diverged_agents=len(ours),
        outcomes_beyond=sum(diverged.outcomes[agent] for _, agent in ours),
        **measured,
    )


def totals(rows: list[Row]) -> dict[str, Row]:
    """Return the counts by `what` alone, summed over kinds and agents."""
    found: dict[str, Row] = defaultdict(lambda: Row("", "", ""))
    for row in rows:
        total = found[row.what]
        total.what = row.what
        for name in (*(verdict.value for verdict in Verdict), "beyond"):
            setattr(total, name, getattr(total, name) + getattr(row, name))
    return dict(found)


def _note(spool: Spool, diverged: Mapping[str, float]) -> None:
    spool.database.execute("CREATE TEMP TABLE IF NOT EXISTS uncertain (subject PRIMARY KEY, at)")
    spool.database.executemany("INSERT OR REPLACE INTO uncertain VALUES (?, ?)", diverged.items())


def _of_tenant(subject: str, tenant: str | None) -> bool:
    return tenant is None or subject.startswith(f"{tenant}/")
