"""Answers one question: JSON from standard input, JSON to standard output."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Final

import msgspec

from api.what_if.question import Answer, Question
from projections.what_if.bounds import Span
from projections.what_if.run import what_if
from streams.contracts.trust import Signer
from streams.kafka.errors import BrokerAway, PositionLost, TopicError

_NICE: Final = 10
"""What is live goes first."""


async def answer(question: Question) -> Answer:
    """Return what is found, or that the log is away."""
    signer, span = Signer(question.secret), Span(*question.span)
    try:
        found = await what_if(question.connection, signer, question.candidate, span)
    except (BrokerAway, PositionLost, TopicError) as error:
        return Answer(away=str(error))
    return Answer(msgspec.to_builtins(found))


def main() -> None:
    """Answer, once."""
    os.nice(_NICE)
    question = msgspec.json.decode(sys.stdin.buffer.read(), type=Question)
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(answer(question))))


if __name__ == "__main__":
    main()
