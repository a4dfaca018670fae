"""Routes that are served quickly answer as the framework's own do, byte for byte."""

from __future__ import annotations

import asyncio
import inspect
from collections import Counter
from typing import Annotated, Generic, TypeVar

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field

from api.routes import actions, agents, conversations, events, findings, incidents, policy, reading
from api.routes.reading import Reading, laid_out
from tests.unit.api.conftest import RunningApi

T = TypeVar("T")
CALLED: Counter[str] = Counter()


class Item(BaseModel):
    name: str
    sizes: list[int] = []
    share: float | None = None


class Some(BaseModel, Generic[T]):
    items: list[T]


class Wanted(BaseModel):
    sizes: list[int] = Field(default_factory=list, alias="size", max_length=2)
    share: float | None = Field(None, ge=0)


async def _who(request: Request) -> str:
    CALLED["who"] += 1
    return request.headers.get("who", "nobody")


async def _known(
    who: Annotated[str, Depends(_who)], tenant: Annotated[str | None, Query(max_length=5)] = None
) -> str:
    if who == "nobody":
        raise HTTPException(403, "say who you are")
    return f"{who} of {tenant}"


async def _waited(_who: Annotated[str, Depends(_who)], wait: bool = False) -> None:
    CALLED["waited"] += wait


Known = Annotated[str, Depends(_known)]


def application(kind: type[APIRoute]) -> FastAPI:
    """Return an application whose routes are of that kind."""
    router = APIRouter(prefix="/things", route_class=kind)

    @router.get("/{number}", dependencies=[Depends(_waited)])
    def one(
        known: Known,
        number: int,
        sizes: Annotated[list[int] | None, Query(alias="size", max_length=3)] = None,
        share: Annotated[float, Query(ge=0)] = 0.5,
    ) -> Item:
        return Item(name=f"{known}: {number}", sizes=sizes or [], share=share)

    @router.get("")
    def several(
        _known: Known, text: str, limit: Annotated[int, Field(ge=1, le=9)] = 2
    ) -> Some[Item]:
        return Some(items=[Item(name=text) for _ in range(limit)])

    @router.get("/of/{name}")
    def some(name: str, asked: Annotated[Wanted, Query()], times: int = 1) -> Item:
        return Item(name=name * times, sizes=asked.sizes, share=asked.share)

    @router.get("/aside/{name}")
    async def aside(name: str, response: Response) -> Item:
        response.headers["x-name"] = name
        return Item(name=name)

    app = FastAPI()
    app.include_router(router)
    return app


def get(app: FastAPI, path: str, **headers: str) -> httpx.Response:
    """Return the answer of `app`; a defect is answered as a server would."""

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(asked())


@pytest.mark.parametrize(
    "path",
    [
        "/things/7",
        "/things/7?tenant=ten&share=2&wait=true",
        "/things/7?size=1&size=2",
        "/things/7?size=1&size=2&size=3&size=4",
        "/things/7?size=",
        "/things/seven?share=-1&tenant=too-long",
        "/things/7?share=inf",
        "/things/7?wait=perhaps",
        "/things?text=%C3%A9%22&limit=3&limit=4",
        "/things?text=",
        "/things",
        "/things?text=a&limit=10",
        "/things/of/x",
        "/things/of/x?size=1&times=2&other=3",
        "/things/of/x?size=1&size=2",
        "/things/of/x?size=1&size=2&size=3",
        "/things/of/x?size=&share=-1",
        "/things/of/x?share=0.25&sizes=1",
        "/things/aside/x",
        "/things/7/8",
    ],
)
@pytest.mark.parametrize("who", ["nobody", "ann"])
def test_both_answer_alike(path: str, who: str) -> None:
    answers, calls = [], []
    for kind in (APIRoute, Reading):
        CALLED.clear()
        answer = get(application(kind), path, who=who)
        answers.append((answer.status_code, answer.content, answer.headers.raw))
        calls.append(dict(CALLED))
    assert answers[0] == answers[1]
    assert calls[0] == calls[1]


def test_a_defect_is_no_answer() -> None:
    app = FastAPI()
    router = APIRouter(route_class=Reading)

    @router.get("/wrong")
    def wrong() -> Item:
        return "no item"  # type: ignore[return-value]

    app.include_router(router)
    assert get(app, "/wrong").status_code == 500


@pytest.mark.parametrize(
    "noun", [actions, agents, conversations, events, findings, incidents, policy]
)
def test_every_read_of_a_noun_is_served_quickly(noun: object) -> None:
    reads = [
        route
        for route in noun.router.routes  # type: ignore[attr-defined]
        if "GET" in route.methods and not inspect.iscoroutinefunction(route.endpoint)
    ]
    assert reads
    for route in reads:
        assert isinstance(route, Reading), route.path
        assert laid_out(route.dependant), route.path


def test_a_long_answer_is_the_same_as_a_brief_one(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = (
        "agents",
        "agents/web-0",
        "agents?text=web",
        "findings",
        "incidents",
        "events?limit=3",
        "fleet",
    )
    with api.client() as client:
        brief = [client.get(f"/api/v1/{path}").content for path in paths]
        monkeypatch.setattr(reading, "BRIEF_STEPS", 1)
        long = [client.get(f"/api/v1/{path}").content for path in paths]
        assert client.get("/api/v1/agents/nobody").status_code == 404
    assert long == brief
    assert all(answer.startswith(b"{") for answer in brief)
