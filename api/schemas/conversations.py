"""Conversations of AI agents: what was judged of them, and nothing of what was said."""

from __future__ import annotations

from pydantic import Field

from api.schemas.common import Moment, View


class LeakView(View):
    """Something that must not be said was said: which form it had, where, and what may be shown."""

    kind: str = Field(examples=["aws_access_key"])
    role: str = Field(examples=["assistant"])
    at: Moment
    position: int = Field(description="Where it stands in its message, in characters.")
    length: int
    masked: str = Field(examples=["AKIA…"])


class ConversationView(View):
    """A conversation as it was assessed last; counts since it began."""

    conversation_id: str = Field(examples=["c-17"])
    began_at: Moment
    last_at: Moment
    messages: int
    answers: int
    quality: float | None = Field(description="Mean score of its answers, 0 to 1.")
    faults: dict[str, int] = Field(description="Answers by what was wrong with them.")
    leaks: dict[str, int] = Field(description="Leaks by kind.")
    evidence: list[LeakView] = Field(description="The latest leaks, at most 20.")
    latency_ms: float | None
    tokens: int
    model: str
