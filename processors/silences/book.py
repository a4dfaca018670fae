"""The silences that are known, and which of them withholds a finding now.

What is over is forgotten, and a tenant has room for so many, so this is bounded.
"""

from __future__ import annotations

import msgspec

from processors.silences.matching import matches
from processors.silences.schedule import next_turn, window_at
from streams.contracts.events.finding import FindingRaised
from streams.contracts.events.silence import SilenceCreated


class Silence(msgspec.Struct):
    """A silence that is not over.

    Parameters
    ----------
    until : float or None
        When the window that is now ends; None where it is not in force.
    turns_at : float
        When that changes.
    """

    said: SilenceCreated
    until: float | None = None
    turns_at: float = 0.0

    def turn(self, at: float) -> None:
        """Note whether it is in force at `at`, and until when that holds."""
        window = window_at(self.said, at)
        self.until = None if window is None else window.end
        self.turns_at = next_turn(self.said, at)


Book = dict[str, dict[str, Silence]]
"""By tenant, and by id."""


def refusal(book: Book, tenant: str, said: SilenceCreated, at: float, most: int) -> str:
    """Return why a silence cannot come into force, or nothing."""
    if said.ends_at <= at:
        return "over_already"
    return "tenant_limit" if len(book.get(tenant, {})) >= most else ""


def take(book: Book, tenant: str, said: SilenceCreated, at: float, most: int) -> None:
    """Enter a silence, unless it is known or refused."""
    if said.silence_id in book.get(tenant, {}) or refusal(book, tenant, said, at, most):
        return
    silence = Silence(said)
    silence.turn(at)
    book.setdefault(tenant, {})[said.silence_id] = silence


def drop(book: Book, tenant: str, silence_id: str) -> None:
    """Forget a silence."""
    known = book.get(tenant, {})
    known.pop(silence_id, None)
    if not known:
        book.pop(tenant, None)


def turned(book: Book, at: float) -> set[str]:
    """Bring every silence up to `at`; return the tenants of those that changed."""
    due = [
        (tenant, silence)
        for tenant, known in book.items()
        for silence in known.values()
        if silence.turns_at <= at
    ]
    for tenant, silence in due:
        if silence.said.ends_at <= at:
            drop(book, tenant, silence.said.silence_id)
        else:
            silence.turn(at)
    return {tenant for tenant, _ in due}


def next_due(book: Book) -> float | None:
    """Return when the next silence turns."""
    turns = (silence.turns_at for known in book.values() for silence in known.values())
    return min(turns, default=None)


def covering(book: Book, key: str, finding: FindingRaised) -> Silence | None:
    """Return the silence that withholds a finding of `key` now, if one does.

    Of several the one that is maintenance, then the one that lasts longest, then by id.
    """
    found = [
        (silence.said.maintenance, silence.until, silence.said.silence_id)
        for silence in book.get(key.partition("/")[0], {}).values()
        if silence.until is not None and matches(silence.said.matchers, key, finding)
    ]
    return book[key.partition("/")[0]][max(found)[2]] if found else None
