"""What was judged of the conversations of AI agents; never what was said in them."""

from __future__ import annotations

import msgspec


class LeakSeen(msgspec.Struct, frozen=True):
    """Something that must not be said was said.

    Parameters
    ----------
    kind : str
        Which form it had: email, iban, private_key, or the name of a token of the policy.
    role : str
        Who said it.
    at : float
        When, seconds since the epoch.
    position, length : int
        Where it stood in its message, in characters.
    masked : str
        What may be shown of it.
    """

    kind: str
    role: str
    at: float
    position: int
    length: int
    masked: str


class ConversationAssessed(msgspec.Struct, frozen=True):
    """A conversation in which something was said since it was assessed last; counts since it began.

    Parameters
    ----------
    conversation_id : str
        As its messages name it.
    began_at, last_at : float
        Its first and its latest message, seconds since the epoch.
    messages, answers : int
        Messages of all roles, and those of the agent.
    quality : float or None
        Mean score of its answers, 0 to 1; None before the first.
    faults : dict of str to int
        Answers by what was wrong with them: empty, failed, refused, circling, repeated,
        truncated, late.
    leaks : dict of str to int
        Leaks by kind.
    evidence : list of LeakSeen
        The latest leaks, at most 20.
    latency_ms : float or None
        Mean latency of its answers.
    tokens : int
        Tokens of its answers.
    model : str
        The model that answered last.
    """

    conversation_id: str
    began_at: float
    last_at: float
    messages: int
    answers: int
    quality: float | None
    faults: dict[str, int]
    leaks: dict[str, int]
    evidence: list[LeakSeen]
    latency_ms: float | None
    tokens: int
    model: str
