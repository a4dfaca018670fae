"""What is remembered of conversations and of who speaks in them: bounded, and never the text."""

from __future__ import annotations

from typing import Final

import msgspec

from config.conversations import ConversationPolicy
from processors.conversations.leaks import LeakRules
from streams.contracts.events.conversation import ConversationAssessed, LeakSeen

ANSWERS_KEPT: Final = 8
"""Answers of a conversation that a new one is held against."""
EVIDENCE_KEPT: Final = 20


class Conversation(msgspec.Struct, array_like=True):
    """One conversation of one agent.

    Parameters
    ----------
    repeats, others : int
        Answers in a row that were said before, and that were not.
    repeating : bool
        Whether the finding stands because of it.
    samples : list of bytes
        Of the latest answers, oldest first.
    news : bool
        Whether anything was said since it was assessed last.
    """

    began_at: float
    last_at: float
    messages: int = 0
    answers: int = 0
    score: float = 0.0
    faults: dict[str, int] = {}
    leaks: dict[str, int] = {}
    evidence: list[LeakSeen] = []
    latencies: int = 0
    latency_ms: float = 0.0
    tokens: int = 0
    model: str = ""
    repeats: int = 0
    others: int = 0
    repeating: bool = False
    samples: list[bytes] = []
    news: bool = True

    def assessed(self, conversation_id: str) -> ConversationAssessed:
        """Return what is told of it."""
        return ConversationAssessed(
            conversation_id=conversation_id,
            began_at=self.began_at,
            last_at=self.last_at,
            messages=self.messages,
            answers=self.answers,
            quality=self.score / self.answers if self.answers else None,
            faults=dict(sorted(self.faults.items())),
            leaks=dict(sorted(self.leaks.items())),
            evidence=list(self.evidence),
            latency_ms=self.latency_ms / self.latencies if self.latencies else None,
            tokens=self.tokens,
            model=self.model,
        )


class Speaker(msgspec.Struct, array_like=True):
    """An agent that speaks.

    Parameters
    ----------
    quality : float
        Of its latest answers, 0 to 1.
    poor : bool
        Whether low quality stands.
    leaks : dict of str to int
        Leaks by kind since the finding stands; empty where none does.
    severity : str
        Of that finding.
    leaked_at, last_at : float
        Its latest leak, and its latest message.
    repeating : list of str
        The conversations because of which repetition stands.
    """

    last_at: float
    quality: float = 0.0
    answers: int = 0
    poor: bool = False
    leaks: dict[str, int] = {}
    severity: str = ""
    leaked_at: float = 0.0
    repeating: list[str] = []


Name = tuple[str, str]
"""An agent's key, and a conversation's id."""


Remembered = tuple[list[tuple[str, str, Conversation]], list[tuple[str, Speaker]]]


class Memory:
    """The conversations of one partition.

    Parameters
    ----------
    policy : ConversationPolicy
        What is looked for.
    """

    def __init__(self, policy: ConversationPolicy) -> None:
        self.conversations: dict[Name, Conversation] = {}
        """Silent longest first."""
        self.speakers: dict[str, Speaker] = {}
        self.due_from = float("inf")
        """Lower bound of the next moment at which something ends; a cache, not dumped."""
        self.take_policy(policy)

    def take_policy(self, policy: ConversationPolicy) -> None:
        """Judge by `policy` from now on."""
        self.policy = policy
        self.rules = LeakRules(policy.leaks)

    def dump(self) -> Remembered:
        """Return all that is remembered: equal memories give equal bytes."""
        conversations = [(*name, each) for name, each in self.conversations.items()]
        return conversations, sorted(self.speakers.items())

    def load(self, dumped: Remembered) -> None:
        """Take over what `dump` returned."""
        conversations, speakers = dumped
        self.conversations = {(key, name): each for key, name, each in conversations}
        self.speakers = dict(speakers)
        self.due_from = float("-inf")
