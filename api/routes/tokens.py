"""Tokens: made, listed, revoked. Only administrators see them."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request

from api.errors import Problem, not_found
from api.identity.following import Follower
from api.identity.guard import Admin, Tenant
from api.identity.issuing import check_grant, issue, name_taken, new_token, not_read, revoke
from api.identity.ledger import Issued, Ledger
from api.identity.roles import EVERY_TENANT, Identity
from api.identity.tokens import Tokens
from api.routes import READS, WRITES
from api.schemas.common import Listing
from api.schemas.tokens import TokenRequest, TokenSecret, TokenView
from api.services import Served

router = APIRouter(prefix="/tokens", tags=["tokens"], responses=READS)
State = Literal["valid", "expired", "revoked", "void"]


async def _follower(request: Request) -> Follower:
    follower: Follower = request.app.state.follower
    if not follower.ledger.current:
        raise not_read()
    return follower


# Asked last: whoever may not is refused, whether the log can be read or not.
Followed = Annotated[Follower, Depends(_follower)]


@router.get("")
async def tokens(
    request: Request,
    caller: Admin,
    tenant: Tenant,
    followed: Followed,
    *,
    state: Annotated[State | None, Query(description="Default: all.")] = None,
) -> Listing[TokenView]:
    """Return a tenant's tokens, newest first; for the installation's tokens, by default all."""
    known: Tokens = request.app.state.tokens
    named = "tenant" in request.query_params or not caller.everywhere
    now = time.time()
    views = [TokenView.of(token, now) for token in reversed(followed.ledger.tokens())]
    views += [TokenView.of_file(entry, now) for entry in known.of_file()]
    items = [
        view
        for view in views
        if (not named or (view.tenant == tenant and not view.everywhere))
        and state in (None, view.state)
    ]
    return Listing(items=items)


@router.post("", status_code=201, responses=WRITES)
async def create(
    request: Request,
    served: Served,
    caller: Admin,
    tenant: Tenant,
    followed: Followed,
    body: TokenRequest,
) -> TokenSecret:
    """Create a token that may do no more than its creator; only this answer has its secret."""
    check_grant(caller, body.role, everywhere=body.everywhere)
    known: Tokens = request.app.state.tokens
    if body.name in known.named() or followed.ledger.holder(body.name, time.time()):
        raise name_taken(body.name)
    secret, wanted = new_token(
        caller, body.name, body.role, tenant, body.lasts_s, everywhere=body.everywhere
    )
    _, token = await issue(served, followed, wanted, tenant)
    return TokenSecret(token=secret, issued=TokenView.of(token, time.time()))


@router.delete("/{token_id}", responses=WRITES)
async def end(
    served: Served,
    caller: Admin,
    tenant: Tenant,
    followed: Followed,
    token_id: str,
    reason: Annotated[str, Query(max_length=1000, description="It stays on record.")] = "",
) -> TokenView:
    """Revoke a token, and end the sessions that were begun with it."""
    token = _owned(followed.ledger, caller, tenant, token_id)
    if token.revoked_at is not None:
        detail = f"token {token_id} was revoked by {token.revoked_by} already"
        raise Problem(HTTPStatus.CONFLICT, "token-revoked", detail)
    return TokenView.of(await revoke(served, followed, token, caller, reason), time.time())


def _owned(ledger: Ledger, caller: Identity, tenant: str, token_id: str) -> Issued:
    """Return the token where the caller may know of it."""
    token = ledger.get(token_id)
    if token is None or not (caller.everywhere or token.tenant == tenant != EVERY_TENANT):
        raise not_found("token", token_id, tenant)
    return token
