"""The application: routes, guards and failures, put together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from anyio.to_thread import current_default_thread_limiter
from fastapi import Depends, FastAPI

from api import errors
from api.asyncapi import route as asyncapi
from api.dashboard.files import page_router
from api.guide import route as guide
from api.identity.following import Follower
from api.idempotency.book import Book
from api.idempotency.middleware import Idempotency
from api.identity.session import Sessions
from api.identity.tokens import Tokens
from api.live import LiveTail
from api.metrics.kept import Kept
from api.metrics.requests import Latencies, Timing
from api.middleware import OPENAPI, Authentication, BodyLimit, HostGuard, SecurityHeaders
from api.openapi.completing import complete
from api.openapi.naming import operation_id
from api.pulse import Pulse
from api.routes import (
    actions,
    agents,
    dead_letters,
    events,
    findings,
    fleet,
    policy,
    prometheus,
    session,
    system,
    telemetry,
    tokens,
)
from api.routes.once import named_once
from api.services import Services
from config.settings import Settings
from projections.database import open_database
from streams.contracts.trust import Signer
from streams.kafka.connection import Connection
from streams.kafka.errors import BrokerAway
from streams.kafka.publisher import Publisher

_LOG: Final = logging.getLogger("homeostat.api")
PREFIX: Final = "/api/v1"
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
THREADS: Final = 8
"""Questions to the database at once: as many as its pool of connections bears."""
_PARTS: Final = (
    agents, fleet, telemetry, findings, actions, events, policy, session, system,
    dead_letters,
    tokens,
)  # fmt: skip
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    settings: Settings,
    connection: Connection,
    signer: Signer,
    *,
    hosts: Collection[str] = (),
    poll_s: float | None = None,
) -> FastAPI:
    """Return the application; nothing is connected before its lifespan begins.

    Parameters
    ----------
    settings : Settings
        Where the token, ``tokens.yaml`` and the projections are.
    connection : Connection
        The broker.
    signer : Signer
        Signs what is written.
    hosts : collection of str
        Names, beside those of the loopback interface, by which clients may call.
    poll_s : float, optional
        Seconds between two looks of the live tail.

    Raises
    ------
    SettingsError
        If ``tokens.yaml`` cannot be used.
    """
    file = settings.home / "tokens.yaml"
    known = Tokens(settings.token(), file, scraper=settings.scrape_token)
    sessions = Sessions(known, settings.secret())
    publisher = Publisher(connection)
    book = Book(connection, publisher, signer)
    app = FastAPI(
        title="Homeostat",
        version="1",
        description="Watch, decide, heal, and say why.",
        openapi_url=OPENAPI,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
        dependencies=[Depends(named_once)],
        lifespan=_lifespan(settings, connection, signer, known, publisher, book, poll_s),
    )
    for part in _PARTS:
        app.include_router(part.router, prefix=PREFIX)
    app.include_router(prometheus.router)
    app.include_router(asyncapi.router)
    app.include_router(page_router())
    app.include_router(guide.router)
    app.state.sessions, app.state.tokens = sessions, known
    app.state.latencies, app.state.scrapes = Latencies(), Kept()
    app.add_api_route("/healthz", _healthz, tags=["system"], methods=["GET"])
    complete(app)
    errors.install(app)
    # The last one added is the first one asked.
    app.add_middleware(Idempotency, book=book, prefix=PREFIX)
    app.add_middleware(BodyLimit)
    app.add_middleware(Authentication, tokens=known, sessions=sessions)
    app.add_middleware(HostGuard, allowed=LOOPBACK | {settings.api_host, *hosts})
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Timing, latencies=app.state.latencies)
    return app


def _lifespan(
    settings: Settings,
    connection: Connection,
    signer: Signer,
    tokens: Tokens,
    publisher: Publisher,
    book: Book,
    poll_s: float | None,
) -> Lifespan:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        current_default_thread_limiter().total_tokens = THREADS
        engine = open_database(settings.database, read_only=True)
        live = LiveTail(engine) if poll_s is None else LiveTail(engine, poll_s)
        pulse = Pulse(engine, connection)
        app.state.services = Services(engine, publisher, signer, live, pulse)
        app.state.follower = Follower(tokens.ledger, connection, signer)
        opening = asyncio.create_task(_open(publisher))
        following = asyncio.create_task(app.state.follower.run())
        following.add_done_callback(_told)
        try:
            yield
        finally:
            opening.cancel()
            following.cancel()
            await asyncio.gather(opening, following, return_exceptions=True)
            await live.close()
            await pulse.close()
            await book.close()
            await publisher.stop()
            engine.dispose()

    return lifespan


async def _open(publisher: Publisher) -> None:
    """Connect beforehand, so that the first write need not wait; later ones try again."""
    try:
        await publisher.start()
    except BrokerAway as error:
        _LOG.warning("%s; the API answers reads, and tries again on the next write", error)


def _told(following: asyncio.Task[None]) -> None:
    if not following.cancelled() and (error := following.exception()):
        _LOG.critical("tokens are followed no more, those issued are refused", exc_info=error)


async def _healthz() -> dict[str, str]:
    """Say that the server answers; `/api/v1/system/health` says how the parts are."""
    return {"status": "ok"}
