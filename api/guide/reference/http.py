"""Every HTTP route, and every metric at ``/metrics``, as a running server has them."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from api.app import PREFIX, create_app
from api.exposition import Family
from api.guide.reference.docstrings import markdown
from api.guide.reference.tables import code, table
from api.identity.roles import Role
from api.metrics import requests
from api.metrics.intake import Intake
from api.metrics.process import process_families
from api.routes.prometheus import families
from config.settings import Settings
from projections.database import open_database
from projections.migrations import prepare
from streams.contracts.trust import Signer
from streams.kafka.connection import Connection

_NOBODY: Final = Connection("127.0.0.1:1")
"""No broker is needed: what there is does not depend on one."""
_VERBS: Final = ("get", "post", "put", "delete")


def http_part() -> Iterator[str]:
    """Give the lines about routes and metrics."""
    with TemporaryDirectory() as home:
        app, found = asyncio.run(_served(Path(home)))
    bearer = (
        "Below `/api/` and at `/metrics` a token is asked for: `Authorization: Bearer TOKEN`. "
        "`/api/v1/openapi.json` has every parameter and answer."
    )
    yield from ("## HTTP routes", "", bearer, "")
    yield from table(("route", "least role", "meaning"), _routes(app))
    yield from ("## Metrics at `/metrics`", "", "In Prometheus' text format.", "")
    yield from table(("metric", "kind", "labels", "meaning"), _rows(found))


async def _served(home: Path) -> tuple[FastAPI, list[Family]]:
    """Return the application, and the families that it tells of over empty views."""
    settings = Settings(home=home)
    engine = open_database(settings.database)
    prepare(engine)
    engine.dispose()
    app = create_app(settings, _NOBODY, Signer(bytes(16)))
    async with app.router.lifespan_context(app):
        return app, [
            *await families(app.state.services, None),
            *Intake().families(),
            *process_families(),
        ]


def _routes(app: FastAPI) -> Iterator[tuple[str, str, str]]:
    roles = {
        (route.path, verb.lower()): _role(route.dependant)
        for route in _flat(app.routes)
        for verb in route.methods or ()
    }
    for path, operations in app.openapi()["paths"].items():
        for verb in _VERBS:
            if operation := operations.get(verb):
                told = str(operation.get("description", "")).partition("\n\n")[0]
                role = roles.get((path.removeprefix(PREFIX), verb), "")
                yield code(f"{verb.upper()} {path}"), role, markdown(told)
    yield (
        code("POST /v1/metrics"),
        Role.OPERATOR.value,
        "Take metrics by OTLP/HTTP, in protobuf or JSON.",
    )
    yield (
        code(f"POST {PREFIX}/write"),
        Role.OPERATOR.value,
        "Take what a Prometheus server writes, by remote write 1.0.",
    )
    yield code("GET /"), "", "The page."
    yield code("GET /guide"), "", "This guide."


def _flat(routes: Iterable[Any]) -> Iterator[APIRoute]:
    """Give the routes of all routers, each with its path below the prefix."""
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif (below := getattr(route, "original_router", None)) is not None:
            yield from _flat(below.routes)


def _role(dependant: Dependant) -> str:
    """Return the role that a route's guard was made with."""
    for each in _all(dependant):
        if inspect.isfunction(each.call):
            role = inspect.getclosurevars(each.call).nonlocals.get("role")
            if isinstance(role, Role):
                return role.value
    return ""


def _all(dependant: Dependant) -> Iterator[Dependant]:
    for each in dependant.dependencies:
        yield each
        yield from _all(each)


def _rows(found: list[Family]) -> Iterator[tuple[str, str, str, str]]:
    for each in found:
        yield code(each.name), each.kind, ", ".join(each.labels), each.help
    help_line = requests.Latencies().text().partition("\n")[0]
    told = help_line.removeprefix(f"# HELP {requests.NAME} ")
    yield code(requests.NAME), "histogram", "method, route, status, le", told
