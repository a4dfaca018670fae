"""What an AI agent said or was told: the optional ``message`` of a heartbeat.

The least that is valid::

    {"agent_id": "bot-1", "metrics": {}, "message": {"conversation_id": "c-17", "text": "Hello."}}

A record without metrics that carries a message is heard, but is no heartbeat: people speak when
they like, and silence between two answers says nothing of who is there.

What was said is judged and forgotten. It stays in the topic of telemetry for as long as that is
kept, and in no fact, view or answer: findings name kind, place and a masked form. So an error
never quotes a message either, and a dead letter ends where one begins.
"""

from __future__ import annotations

import math
import re
from typing import Final

import msgspec

from streams.contracts.errors import InvalidField

MAX_TEXT: Final = 16_000
"""Characters of one message: with its JSON around it, UTF-8 of four bytes each still fits."""
MAX_NAME: Final = 128
ASSISTANT: Final = "assistant"
ROLES: Final = (ASSISTANT, "user", "tool", "system")
FINISHES: Final = ("stop", "length", "content_filter", "tool_calls", "error")
CONVERSATION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*")
"""No ``@`` and no ``+``: what names a conversation is shown, and is not to name a person."""
MODEL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]*")
_MEMBER: Final = b'"message"'
_MOST_TOKENS: Final = (1 << 53) - 1
_LONGEST_MS: Final = 1e9


class Message(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One message of a conversation.

    Parameters
    ----------
    conversation_id : str
        1 to 128 of letters, digits and ``._:-``, a letter or digit first.
    text : str
        What was said, at most 16,000 characters; may be empty.
    role : str
        Who said it: assistant (the agent itself), user, tool or system.
    finish : str or None
        Why an answer ended: stop, length (cut off), content_filter (refused), tool_calls or
        error.
    latency_ms : float or None
        From the question to the end of the answer.
    tokens : int or None
        How many the answer took.
    model : str or None
        Which model answered.
    """

    conversation_id: str
    text: str
    role: str = ASSISTANT
    finish: str | None = None
    latency_ms: float | None = None
    tokens: int | None = None
    model: str | None = None


def check_message(message: Message) -> None:
    """Raise `InvalidField` for the first field that breaks the contract; never quote the text."""
    _check_name("conversation_id", message.conversation_id, CONVERSATION)
    if len(message.text) > MAX_TEXT:
        remedy = f"send at most {MAX_TEXT}, and the rest as further messages of the conversation"
        raise InvalidField("message_too_long", "message.text", Withheld(message.text), remedy)
    _check_one_of("role", message.role, ROLES)
    if message.finish is not None:
        _check_one_of("finish", message.finish, FINISHES)
    if message.model is not None:
        _check_name("model", message.model, MODEL)
    _check_number("latency_ms", message.latency_ms, _LONGEST_MS)
    _check_number("tokens", message.tokens, _MOST_TOKENS)


def without_message(value: bytes) -> tuple[bytes, bool]:
    """Return a heartbeat's JSON up to where its message begins, and whether it had one.

    Made for what was refused, which may be no JSON at all.

    Examples
    --------
    >>> without_message(b'{"agent_id":"a","message":{"text":"hush"}}')
    (b'{"agent_id":"a",', True)
    """
    found = value.find(_MEMBER)
    if found >= 0:
        return value[:found], True
    if b"\\u" not in value:
        return value, False
    try:
        members = msgspec.json.decode(value, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return value, False
    return (b"", True) if "message" in members else (value, False)


class Withheld:
    """Stands for a value that no error may quote."""

    def __init__(self, value: str | bytes) -> None:
        self._length = len(value)
        self._unit = "bytes" if isinstance(value, bytes) else "characters"

    def __repr__(self) -> str:
        return f"{self._length} {self._unit} that are not shown"


def _check_name(field: str, value: str, form: re.Pattern[str]) -> None:
    if len(value) > MAX_NAME or not form.fullmatch(value):
        remedy = f"use 1 to {MAX_NAME} letters, digits and ._:- (a model's also /@+)"
        raise InvalidField(f"invalid_{field}", f"message.{field}", Withheld(value), remedy)


def _check_one_of(field: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        remedy = f"use one of {', '.join(known)}"
        raise InvalidField(f"invalid_{field}", f"message.{field}", Withheld(value), remedy)


def _check_number(field: str, value: float | None, most: float) -> None:
    if value is not None and not (math.isfinite(value) and 0 <= value <= most):
        remedy = f"use a number from 0 to {most:g}"
        raise InvalidField(f"invalid_{field}", f"message.{field}", value, remedy)
