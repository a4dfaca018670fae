"""The application: routes, guards and failures, put together."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from fastapi import Depends, FastAPI
from fastapi.params import Depends as DependsOn

from api import errors
from api.asyncapi import route as asyncapi
from api.audit.middleware import Auditing
from api.audit.refusals import Refusals
from api.audit.trail import Trail
from api.dashboard.files import page_router
from api.guide import route as guide
from api.head import Head
from api.idempotency.book import Book
from api.idempotency.middleware import Idempotency
from api.identity.session import Sessions
from api.identity.tokens import Tokens
from api.lifespan import Parts, lifespan
from api.limits.bucket import Rate
from api.limits.limits import Limits
from api.limits.middleware import RateLimit
from api.metrics.intake import Intake
from api.metrics.kept import Kept
from api.metrics.requests import Latencies, Timing
from api.middleware import LOOPBACK, OPENAPI, Authentication, BodyLimit, HostGuard, SecurityHeaders
from api.openapi.completing import complete
from api.openapi.naming import operation_id
from api.routes import (
    actions,
    agents,
    audit,
    conversations,
    dead_letters,
    events,
    findings,
    fleet,
    incidents,
    operations,
    otlp,
    policy,
    prometheus,
    remote_write,
    session,
    shipped_policy,
    silences,
    system,
    telemetry,
    tokens,
)
from api.routes.once import named_once
from api.tracing import heard
from api.what_if.asking import WhatIfs
from config.settings import Settings
from streams.contracts.trust import Signer
from streams.kafka.connection import Connection
from streams.kafka.publisher import Publisher
from streams.producers.otlp.receiver import OtlpReceiver
from streams.producers.prometheus.remote_write import RemoteWriteReceiver

PREFIX: Final = "/api/v1"
_ROUTES: Final = (
    agents, fleet, telemetry, findings, incidents, actions, events, policy, shipped_policy,
    session, system,
    dead_letters, conversations, silences, operations,
    audit, tokens, remote_write,
)  # fmt: skip


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
    parts = _shared(settings, connection, signer)
    app = FastAPI(
        title="Homeostat",
        version="1",
        description="Watch, decide, heal, and say why.",
        openapi_url=OPENAPI,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
        dependencies=_asked_first(connection),
        lifespan=lifespan(parts, poll_s),
    )
    _route(app)
    app.state.tokens, app.state.sessions = parts.tokens, Sessions(parts.tokens, settings.secret())
    app.state.latencies, app.state.scrapes, app.state.intake = Latencies(), Kept(), Intake()
    app.state.otlp, app.state.remote_write = OtlpReceiver(), RemoteWriteReceiver()
    app.state.what_ifs = WhatIfs(connection, settings.secret())
    complete(app)
    errors.install(app)
    _guard(app, parts, _limits(settings), LOOPBACK | {settings.api_host, *hosts})
    return app


def _shared(settings: Settings, connection: Connection, signer: Signer) -> Parts:
    tokens = Tokens(settings.token(), settings.home / "tokens.yaml", scraper=settings.scrape_token)
    publisher = Publisher(connection)
    trail = Trail(connection, publisher, signer)
    book = Book(connection, publisher, signer)
    return Parts(
        settings.database, connection, signer, tokens, publisher, trail, Refusals(trail), book
    )


def _route(app: FastAPI) -> None:
    for each in _ROUTES:
        app.include_router(each.router, prefix=PREFIX)
    for router in (prometheus.router, otlp.router, asyncapi.router, page_router(), guide.router):
        app.include_router(router)
    app.add_api_route("/healthz", _healthz, tags=["system"], methods=["GET"])


def _guard(app: FastAPI, parts: Parts, limits: Limits, hosts: Collection[str]) -> None:
    """Let every request be asked, answered and counted; the last one added is the first asked."""
    app.add_middleware(Idempotency, book=parts.book, prefix=PREFIX)
    app.add_middleware(BodyLimit)
    app.add_middleware(RateLimit, limits=limits)
    app.add_middleware(Authentication, tokens=parts.tokens, sessions=app.state.sessions)
    app.add_middleware(Auditing, trail=parts.trail, refusals=parts.refusals)
    app.add_middleware(HostGuard, allowed=hosts)
    app.add_middleware(otlp.OtlpFailures)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Timing, latencies=app.state.latencies)
    app.add_middleware(Head)


def _limits(settings: Settings) -> Limits:
    burst_s = settings.api_burst_s
    return Limits(
        Rate("token", settings.api_token_rate, burst_s),
        Rate("tenant", settings.api_tenant_rate, burst_s),
        settings.api_streams,
    )


def _asked_first(connection: Connection) -> list[DependsOn]:
    """Return what every route depends on."""
    always = [Depends(named_once)]
    return always if connection.traces is None else [*always, Depends(heard)]


async def _healthz() -> dict[str, str]:
    """Say that the server answers; `/api/v1/system/health` says how the parts are."""
    return {"status": "ok"}
