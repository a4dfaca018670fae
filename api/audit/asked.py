"""The request under way, as the audit trail tells of it."""

from __future__ import annotations

import re
import time
from contextvars import ContextVar
from http import HTTPStatus
from typing import Final

from starlette.types import Scope

from api.audit.record import Entry, Level, Outcome
from api.identity.roles import EVERY_TENANT, Identity
from streams.contracts.envelope import Event

NOBODY: Final = "anonymous"
READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_MEASUREMENTS: Final = re.compile(r"/v1/metrics|/api/v1/(write|telemetry|agents/[^/]+/metrics)")
"""Writes at the rate of measurements: they are on the log themselves, signed."""
_SECRET: Final = ("/api/v1/audit", "/api/v1/tokens")
"""What is worth a record even where it is only read."""
_LEVELS: Final = {
    "token.issued": Level.CRITICAL,
    "token.revoked": Level.CRITICAL,
    "policy.changed": Level.WARNING,
    "action.approval_given": Level.WARNING,
}
_UNTOLD: Final = frozenset({"sha256"})


class Asked:
    """One request: who asks, from where, for what.

    Parameters
    ----------
    scope : dict
        The connection's; who asks stands in its state once that is known.

    Attributes
    ----------
    recorded : bool
        Whether what it does was put on record beforehand.
    """

    __slots__ = ("_scope", "recorded")

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.recorded = False

    @property
    def writes(self) -> bool:
        """Whether it may change something that is no measurement."""
        return self._scope["method"] not in READING and not self.measures

    @property
    def measures(self) -> bool:
        """Whether it reports telemetry."""
        return _MEASUREMENTS.fullmatch(self._scope["path"]) is not None

    @property
    def looks_at_secrets(self) -> bool:
        """Whether it reads what only administrators may."""
        path: str = self._scope["path"]
        return path.startswith(_SECRET)

    @property
    def who(self) -> Identity | None:
        """Who asks, where a token said so."""
        found: Identity | None = self._scope.get("state", {}).get("identity")
        return found

    @property
    def address(self) -> str:
        """Where it comes from."""
        client = self._scope.get("client")
        return "" if client is None else str(client[0])

    def doing(self, event: Event) -> Entry:
        """Return the entry of an event that is about to be written."""
        told = {
            name: str(value)
            for name, value in event.data.items()
            if isinstance(value, str | int | float) and value != "" and name not in _UNTOLD
        }
        return self.about(event.type, event.subject, told | {"event_id": event.id}, event.tenant)

    def about(
        self, action: str, resource: str, details: dict[str, str], tenant: str | None = None
    ) -> Entry:
        """Return the entry of something that is about to be done."""
        level = _LEVELS.get(action, Level.NOTICE)
        return self._entry(action, resource, Outcome.DONE, level, details, tenant)

    def answered(self, status: int) -> Entry:
        """Return the entry of the request with its answer."""
        details = {"status": str(status)}
        if query := self._scope.get("query_string", b""):
            details["query"] = query.decode("latin-1")
        action = f"http.{self._scope['method'].lower()}"
        outcome, level = self._judged(status)
        return self._entry(action, self._scope["path"], outcome, level, details, None)

    def _judged(self, status: int) -> tuple[Outcome, Level]:
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            return Outcome.REFUSED, Level.WARNING
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return Outcome.REFUSED, Level.NOTICE
        if status >= HTTPStatus.BAD_REQUEST:
            return Outcome.FAILED, Level.INFO
        return Outcome.DONE, Level.NOTICE if self.writes else Level.INFO

    def _entry(
        self,
        action: str,
        resource: str,
        outcome: Outcome,
        level: Level,
        details: dict[str, str],
        tenant: str | None,
    ) -> Entry:
        who = self.who
        state = self._scope.get("state", {})
        if refused := state.get("refused"):
            details = details | {"token": refused}
            if holder := state.get("holder"):
                details = details | {"holder": holder}
        return Entry(
            at=time.time(),
            actor=NOBODY if who is None else who.name,
            role="" if who is None else who.role.value,
            tenant=tenant or (EVERY_TENANT if who is None or who.everywhere else who.tenant),
            action=action,
            resource=resource,
            outcome=outcome,
            level=level,
            details=details | {"address": self.address},
        )


ASKED: Final[ContextVar[Asked | None]] = ContextVar("asked", default=None)
"""The request that the running task serves."""
