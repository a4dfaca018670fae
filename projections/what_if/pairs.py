"""Which facts of two folds of one record are the same fact, and whether they say the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from processors.step import Fact
from streams.contracts.events.registry import BY_DATA

_OF_THE_POLICY: Final = ("policy_version", "policy_hash")
"""Which policy decided is what the question is about, and so no answer to it."""
_IDENTITIES: Final = ("finding_id", "action_id", "metric")

Identity = tuple[Any, ...]


class Pair(NamedTuple):
    """One fact, as the two folds have it; None where a fold has it not.

    Parameters
    ----------
    before, after : Fact or None
        Under the recorded policies, and under the candidate.
    ordinal : int
        Which of its record's emissions `before` is; -1 where there is none.
    """

    before: Fact | None
    after: Fact | None
    ordinal: int = -1

    @property
    def same(self) -> bool:
        """Whether both say the same, whichever policy they name."""
        return (
            self.before is not None
            and self.after is not None
            and content(self.before) == content(self.after)
        )


def pairs(before: Sequence[tuple[int, Fact]], after: Sequence[Fact]) -> Iterator[Pair]:
    """Pair the facts that follow from one record, each taken once.

    Parameters
    ----------
    before : sequence of (int, Fact)
        With the ordinals by which they were sealed.
    after : sequence of Fact
        Of the other fold of that record.
    """
    known = dict(_told_apart([fact for _, fact in before]))
    ordinals = {id(fact): ordinal for ordinal, fact in before}
    for identity, fact in _told_apart(after):
        match = known.pop(identity, None)
        yield Pair(match, fact, -1 if match is None else ordinals[id(match)])
    for fact in known.values():
        yield Pair(fact, None, ordinals[id(fact)])


def type_of(fact: Fact) -> str:
    """Return the name of a fact's type."""
    return (fact.kind or BY_DATA[type(fact.data)]).name


def content(fact: Fact) -> tuple[Any, ...]:
    """Return what a fact says, without the policy that it names."""
    given = {name: None for name in _OF_THE_POLICY if hasattr(fact.data, name)}
    said = msgspec.structs.asdict(fact.data) | given
    return type_of(fact), fact.subject, fact.correlation, said


def _told_apart(facts: Sequence[Fact]) -> Iterator[tuple[Identity, Fact]]:
    """Give facts with their identities; those of one identity are counted."""
    seen: Counter[Identity] = Counter()
    for fact in facts:
        ids = tuple(getattr(fact.data, name, None) for name in _IDENTITIES)
        identity = (type_of(fact), fact.subject, *ids)
        seen[identity] += 1
        yield (*identity, seen[identity]), fact
