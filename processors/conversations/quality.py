"""How good an answer is, measured without understanding it."""

from __future__ import annotations

from typing import Final, NamedTuple

from config.conversations import QualityPolicy
from streams.contracts.message import Message

_REFUSED: Final = 0.3
_TRUNCATED: Final = 0.6
_REPEATED: Final = 0.5
_CIRCLING: Final = 0.3
_LATE: Final = 0.5
_CIRCLES_BELOW: Final = 0.3
_CIRCLES_FROM: Final = 200
_FADE: Final = 0.125


class Answer(NamedTuple):
    """What was measured of one answer, and its score.

    Parameters
    ----------
    score : float
        0 (nothing was answered) to 1.
    faults : tuple of str
        Of empty, failed, refused, truncated, circling, repeated and late, those that it has.
    """

    score: float
    faults: tuple[str, ...]


def judge(
    policy: QualityPolicy, message: Message, text: str, distinct: float, *, repeated: bool
) -> Answer:
    """Return the quality of an answer: 1, multiplied by what each fault leaves of it.

    ========= ============================================================= ===================
    fault     when                                                          leaves
    ========= ============================================================= ===================
    empty     no text, and no tool was called                               0
    failed    ``finish`` is error                                           0
    refused   ``finish`` is content_filter, or it begins like a refusal     0.3
    circling  of 200 shingles or more less than 0.3 differ                  0.3
    repeated  it resembles one of the last answers of the conversation      0.5
    truncated ``finish`` is length                                          0.6
    late      after ``latency_good_ms``, the more the later                 1 down to 0.5
    ========= ============================================================= ===================

    When it fails: a wrong answer that is prompt, whole and new has quality 1. What an answer is
    worth only its reader knows.

    Parameters
    ----------
    text : str
        As `processors.conversations.sketch.plain` returned it.
    distinct : float
        Share of its shingles that differ, 0 to 1; 1 for a text too short to tell.
    repeated : bool
        Whether it was said before.

    Examples
    --------
    >>> judge(QualityPolicy(), Message("c", "cut", finish="length"), "cut", 1.0, repeated=False)
    Answer(score=0.6, faults=('truncated',))
    """
    faults = {
        "empty": 0.0 if not text and message.finish != "tool_calls" else 1.0,
        "failed": 0.0 if message.finish == "error" else 1.0,
        "refused": _REFUSED if _refuses(policy, message, text) else 1.0,
        "circling": _CIRCLING if distinct < _CIRCLES_BELOW else 1.0,
        "repeated": _REPEATED if repeated else 1.0,
        "truncated": _TRUNCATED if message.finish == "length" else 1.0,
        "late": _promptness(policy, message.latency_ms),
    }
    score = 1.0
    for left in faults.values():
        score *= left
    return Answer(score, tuple(name for name, left in faults.items() if left < 1.0))


def circles(distinct: float, shingles: int) -> float:
    """Return `distinct` where there are shingles enough to tell, else 1."""
    return distinct if shingles >= _CIRCLES_FROM else 1.0


def faded(quality: float, score: float, answers: int) -> float:
    """Return an agent's quality after another answer: the mean of the first eight, then fading.

    Parameters
    ----------
    answers : int
        How many there are, with this one.
    """
    return quality + (score - quality) * max(_FADE, 1.0 / answers)


def _refuses(policy: QualityPolicy, message: Message, text: str) -> bool:
    return message.finish == "content_filter" or any(
        text.startswith(begin.casefold()) for begin in policy.refusals
    )


def _promptness(policy: QualityPolicy, latency_ms: float | None) -> float:
    if latency_ms is None or latency_ms <= policy.latency_good_ms:
        return 1.0
    late = latency_ms - policy.latency_good_ms
    whole = policy.latency_bad_ms - policy.latency_good_ms
    return 1.0 - (1.0 - _LATE) * min(1.0, late / whole)
