"""What is told of a speaker: findings that begin, change and end, and conversations assessed."""

from __future__ import annotations

from typing import Final, NamedTuple

from processors.conversations.leaks import Leak
from processors.conversations.memory import Speaker
from streams.contracts.events.conversation import ConversationAssessed
from streams.contracts.events.finding import severity_rank
from streams.contracts.message import Message

LEAK: Final = "leak"
REPETITION: Final = "repetition"
LOW_QUALITY: Final = "low_quality"
KINDS: Final = (LEAK, REPETITION, LOW_QUALITY)


class Stands(NamedTuple):
    """A finding that stands from now on, or stands with another severity.

    Parameters
    ----------
    value, low, high : float or None
        What was seen, and the range that was expected: leaks, repetitions in a row, quality.
    since : float
        When it began, seconds since the epoch.
    summary : str
        One sentence for a person, which quotes nothing.
    drivers : tuple of str
        The kinds of leak.
    """

    kind: str
    severity: str
    value: float
    low: float | None
    high: float | None
    since: float
    summary: str
    drivers: tuple[str, ...] = ()


class Ended(NamedTuple):
    """A finding that stands no longer, and why."""

    kind: str
    reason: str


class Told(NamedTuple):
    """Something about the agent called `key`, ``tenant/agent``."""

    key: str
    what: Stands | Ended | ConversationAssessed


def leaked(
    key: str, speaker: Speaker, message: Message, leaks: list[Leak], at: float
) -> list[Told]:
    """Count `leaks`; return the finding where it begins, or has a new kind or severity."""
    before, severity = set(speaker.leaks), speaker.severity
    for leak in leaks:
        speaker.leaks[leak.kind] = speaker.leaks.get(leak.kind, 0) + 1
    speaker.leaked_at = at
    worst = min((leak.severity for leak in leaks), key=severity_rank)
    if not severity or severity_rank(worst) < severity_rank(severity):
        speaker.severity = worst
    if before and speaker.severity == severity and set(speaker.leaks) == before:
        return []
    count = float(sum(speaker.leaks.values()))
    summary = _of_leaks(key, message, leaks)
    kinds = tuple(sorted(speaker.leaks))
    return [Told(key, Stands(LEAK, speaker.severity, count, None, 0.0, at, summary, kinds))]


def _of_leaks(key: str, message: Message, leaks: list[Leak]) -> str:
    first = leaks[0]
    more = f", and {len(leaks) - 1} more" if len(leaks) > 1 else ""
    return (
        f"{message.role} message in conversation {message.conversation_id} of {key} holds"
        f" {first.kind} at {first.position} ({first.length} characters, {first.masked}){more}"
    )


def repeating(key: str, conversation_id: str, repeats: int, allowed: int, at: float) -> Told:
    """Return the finding that an agent says the same again."""
    summary = f"{key} said the same {repeats} times again in conversation {conversation_id}"
    return Told(
        key, Stands(REPETITION, "warning", float(repeats), None, allowed - 1.0, at, summary)
    )


def poor(key: str, speaker: Speaker, least: float, faults: tuple[str, ...], at: float) -> Told:
    """Return the finding that an agent's answers are poor; `faults` are those of the latest."""
    because = f", the latest {', '.join(faults)}" if faults else ""
    summary = f"quality of {key}'s answers is {speaker.quality:.2f}, below {least:g}{because}"
    value = round(speaker.quality, 4)
    return Told(key, Stands(LOW_QUALITY, "warning", value, least, None, at, summary))
