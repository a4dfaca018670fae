"""Makes and ends tokens: writes it to the log, and answers once this process has read it there."""

from __future__ import annotations

import asyncio
import secrets
import time
from http import HTTPStatus
from typing import Final

from api.errors import Problem, not_found
from api.identity.following import Follower
from api.identity.ledger import Issued
from api.identity.roles import EVERY_TENANT, Identity, Role
from api.identity.tokens import PREFIX, hash_of
from api.schemas.common import Receipt
from api.services import Services
from streams.contracts.events.access import TokenIssued, TokenRevoked
from streams.contracts.record import Position

PATIENCE_S: Final = 10.0
"""How long the log may take to give back what it acknowledged."""


def check_grant(caller: Identity, role: Role, *, everywhere: bool) -> None:
    """Refuse a token that may more than its maker.

    Raises
    ------
    Problem
        403, with what exceeds.
    """
    if not caller.role.covers(role):
        detail = f"{caller.name} is {caller.role.value} and cannot give the role {role.value}"
        raise Problem(HTTPStatus.FORBIDDEN, "role-too-low", detail)
    if everywhere and not caller.everywhere:
        detail = f"{caller.name} belongs to tenant {caller.tenant} and cannot give every tenant"
        raise Problem(HTTPStatus.FORBIDDEN, "wrong-tenant", detail)


async def issue(
    served: Services, follower: Follower, wanted: TokenIssued, home: str
) -> tuple[Receipt, Issued]:
    """Write a token to the log.

    Parameters
    ----------
    home : str
        The tenant whose key the event has.

    Raises
    ------
    Problem
        409 where the name is taken by now; 503 where the log does not give it back in time.
    PublishError
        If the broker did not acknowledge it.
    """
    receipt = await served.receipt(f"{home}/{wanted.name}", wanted)
    await _reached(follower, receipt)
    token = follower.ledger.get(wanted.token_id)
    if token is None or token.void:
        raise name_taken(wanted.name)
    return receipt, token


async def revoke(
    served: Services, follower: Follower, token: Issued, caller: Identity, reason: str
) -> Issued:
    """End a token; every process refuses it as soon as it has read so.

    Raises
    ------
    Problem
        503 where the log does not give it back in time.
    PublishError
        If the broker did not acknowledge it.
    """
    ended = TokenRevoked(token.token_id, caller.name, reason)
    receipt = await served.receipt(f"{token.identity().tenant}/{token.name}", ended)
    await _reached(follower, receipt)
    known = follower.ledger.get(token.token_id)
    if known is None:
        raise not_found("token", token.token_id, token.identity().tenant)
    return known


def new_token(
    caller: Identity, name: str, role: Role, tenant: str, lasts_s: int, *, everywhere: bool
) -> tuple[str, TokenIssued]:
    """Return a secret of 256 random bits, and the event that knows its hash."""
    token_id = secrets.token_hex(6)
    secret = f"{PREFIX}{token_id}_{secrets.token_urlsafe(32)}"
    owner = EVERY_TENANT if everywhere else tenant
    until = time.time() + lasts_s
    return secret, TokenIssued(
        token_id, name, hash_of(secret), owner, role.value, caller.name, until
    )


def name_taken(name: str) -> Problem:
    """Return the problem of a name that a valid token has."""
    detail = f"a valid token is called {name}; choose another name, or revoke that one first"
    return Problem(HTTPStatus.CONFLICT, "name-taken", detail)


def not_read() -> Problem:
    """Return the problem of tokens that cannot be known."""
    detail = "the log, which knows the tokens issued, cannot be read now; try again"
    retry = {"retry-after": "1"}
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "tokens-away", detail, headers=retry)


async def _reached(follower: Follower, receipt: Receipt) -> None:
    try:
        async with asyncio.timeout(PATIENCE_S):
            await follower.reached(Position.parse(receipt.position).offset)
    except TimeoutError as error:
        raise not_read() from error
