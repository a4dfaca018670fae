"""Findings and actions of two folds, told apart: the same, moved, otherwise, gone or added.

What one fold has and the other has not is held until its end: if the other comes to the same
before that, sooner or later, it moved; if not, it would not have been, or been in addition.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final, NamedTuple

from processors.step import Fact
from projections.what_if.pairs import Pair, content, type_of

_STAGES: Final = {
    "action.proposed": "proposed",
    "action.withheld": "withheld",
    "action.awaiting_approval": "held for approval",
    "action.queued": "queued",
    "action.granted": "granted",
    "action.refused": "refused",
}
_ENDS: Final = {"finding.ended", "action.refused", "action.finished", "action.concluded"}


class Verdict(StrEnum):
    """What became of a finding or of a stage of an action under the candidate."""

    SAME = "same"
    MOVED = "moved"
    """It comes to the same, sooner or later."""
    OTHERWISE = "otherwise"
    """At the same moment, but with another severity, score or mode."""
    GONE = "gone"
    ADDED = "added"


class Difference(NamedTuple):
    """One finding, or one stage of an action, in both folds.

    Parameters
    ----------
    verdict : Verdict
        What became of it.
    what : str
        ``finding``, or the stage of an action: ``proposed``, ``granted``, …
    kind : str
        The finding's kind and metric, or the action's name.
    subject : str
        ``tenant/agent``.
    at : float
        When the first of both came to it, seconds since the epoch.
    later_s : float
        How much later the candidate comes to it; negative where it is sooner.
    before, after : dict
        What a person compares: severity, value, summary; mode, score, risk, reason.
    """

    verdict: Verdict
    what: str
    kind: str
    subject: str
    at: float
    later_s: float = 0.0
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


class _Waiting(NamedTuple):
    fact: Fact
    ours: bool
    """Whether the candidate has it."""


_Key = tuple[str, str, str]


class Differences:
    """Takes pairs of facts in the order of their records, and tells what differs.

    Parameters
    ----------
    tell : callable
        Takes each difference once it is certain; those that are the same too.
    """

    def __init__(self, tell: Callable[[Difference], None]) -> None:
        self._tell = tell
        self._waiting: dict[_Key, _Waiting] = {}
        self._by_id: dict[tuple[bool, str], set[_Key]] = {}

    def add(self, pair: Pair) -> None:
        """Take one pair."""
        fact = pair.after or pair.before
        if fact is None:
            return
        key = _key(fact)
        if key is not None:
            self._take(key, pair)
        for one, ours in ((pair.before, False), (pair.after, True)):
            if one is not None and type_of(one) in _ENDS:
                self._close(ours, _id(one))

    def finish(self) -> None:
        """Settle what has not ended."""
        for key in list(self._waiting):
            self._settle(key)

    def _take(self, key: _Key, pair: Pair) -> None:
        if pair.before is not None and pair.after is not None:
            same = _notable(pair.before) == _notable(pair.after)
            verdict = Verdict.SAME if same else Verdict.OTHERWISE
            self._say(verdict, key, pair.before, pair.after)
            return
        ours = pair.before is None
        fact = pair.after if ours else pair.before
        assert fact is not None  # noqa: S101
        other = self._waiting.get(key)
        if other is not None and other.ours is not ours:
            self._taken(key)
            before, after = (other.fact, fact) if ours else (fact, other.fact)
            self._say(Verdict.MOVED, key, before, after)
            return
        if other is not None:
            self._settle(key)
        self._waiting[key] = _Waiting(fact, ours)
        self._by_id.setdefault((ours, _id(fact)), set()).add(key)

    def _close(self, ours: bool, identity: str) -> None:
        """Settle what was waiting for its counterpart, as it is over on its side."""
        for key in sorted(self._by_id.get((ours, identity), ())):
            self._settle(key)

    def _taken(self, key: _Key) -> _Waiting:
        """Return what waits under a key, which waits no longer."""
        held = self._waiting.pop(key)
        mark = held.ours, _id(held.fact)
        self._by_id[mark].discard(key)
        if not self._by_id[mark]:
            del self._by_id[mark]
        return held

    def _settle(self, key: _Key) -> None:
        held = self._taken(key)
        if held.ours:
            self._say(Verdict.ADDED, key, None, held.fact)
        else:
            self._say(Verdict.GONE, key, held.fact, None)

    def _say(self, verdict: Verdict, key: _Key, before: Fact | None, after: Fact | None) -> None:
        what, kind, subject = key
        ats = [fact.at for fact in (before, after) if fact is not None]
        later = after.at - before.at if before is not None and after is not None else 0.0
        self._tell(
            Difference(
                verdict,
                what,
                kind,
                subject,
                min(ats),
                later,
                None if before is None else _notable(before),
                None if after is None else _notable(after),
            )
        )


def _key(fact: Fact) -> _Key | None:
    """Return by what a person would know it again; None for what is not counted."""
    name, data = type_of(fact), fact.data
    if name in ("finding.raised", "finding.changed"):
        what = "finding" if name == "finding.raised" else "severity"
        return what, " ".join(filter(None, (_of(data, "kind"), _of(data, "metric")))), fact.subject
    if name == "agent.registration_decided":
        return "place", "given" if _of(data, "granted") else "refused", fact.subject
    stage = _STAGES.get(name)
    if stage is None:
        return None
    return stage, _of(data, "action") or _of(data, "finding_kind"), fact.subject


def _id(fact: Fact) -> str:
    return str(_of(fact.data, "action_id") or _of(fact.data, "finding_id") or "")


def _of(data: Any, name: str) -> Any:
    return getattr(data, name, None)


_NOTABLE: Final = (
    "severity", "value", "expected_low", "expected_high", "summary", "mode", "score", "risk",
    "reason", "granted",
)  # fmt: skip


def _notable(fact: Fact) -> dict[str, Any]:
    said = content(fact)[-1]
    return {name: said[name] for name in _NOTABLE if said.get(name) not in (None, "")}
