"""A browser's session: begun with a token, shown, ended."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.errors import invalid
from api.identity.guard import Caller
from api.identity.session import COOKIE, LASTS_S, Sessions
from api.routes import READS
from api.schemas.session import SessionView

router = APIRouter(prefix="/session", tags=["session"], responses=READS)


@router.post("")
def begin(request: Request, response: Response, caller: Caller) -> SessionView:
    """Exchange the bearer token for a cookie that scripts cannot read."""
    sessions: Sessions = request.app.state.sessions
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise invalid("authorization", scheme, "send the bearer token that the session is for")
    cookie = sessions.begin(token.strip())
    response.set_cookie(
        COOKIE,
        cookie,
        max_age=LASTS_S,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return SessionView.of(caller, sessions.csrf(cookie))


@router.get("")
def show(request: Request, caller: Caller) -> SessionView:
    """Return who asks, and the token that a session's writes carry."""
    sessions: Sessions = request.app.state.sessions
    return SessionView.of(caller, sessions.csrf(request.cookies.get(COOKIE, "")))


@router.delete("", status_code=204)
def end(response: Response, _caller: Caller) -> None:
    """Forget the cookie."""
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
