"""A question as it is handed to the process that answers it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from config.policy import Policy, policy_from
from projections.what_if.bounds import Span
from streams.kafka.connection import Connection


class Question(msgspec.Struct, frozen=True):
    """All that the process needs; it reads no settings.

    Parameters
    ----------
    broker : dict
        The fields of a `Connection`.
    secret : bytes
        The installation's; it is handed over by a pipe, and stands in no list of processes.
    policy : dict
        The candidate.
    span : tuple
        The fields of a `Span`.
    """

    broker: dict[str, Any]
    secret: bytes
    policy: dict[str, Any]
    span: tuple[float | None, float | None, str | None, int | None]

    @classmethod
    def of(cls, connection: Connection, secret: bytes, candidate: Policy, span: Span) -> Question:
        """Return the question about `candidate`."""
        broker = asdict(connection)
        file = broker["ca_file"]
        broker["ca_file"] = None if file is None else str(file)
        return cls(broker, secret, msgspec.to_builtins(candidate), (*span,))

    @property
    def connection(self) -> Connection:
        """How to reach the broker; no trace is told of."""
        file = self.broker["ca_file"]
        where = None if file is None else Path(file)
        return Connection(**self.broker | {"ca_file": where, "traces": None})

    @property
    def candidate(self) -> Policy:
        """The policy that is asked about."""
        return policy_from(self.policy)


class Answer(msgspec.Struct, frozen=True):
    """What was found, or why nothing could be."""

    found: dict[str, Any] | None = None
    away: str = ""
