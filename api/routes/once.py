"""Refuses a parameter that is given twice but takes one value: which was meant is not guessed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from api.errors import invalid
from api.routes.parameters import query_names


async def named_once(request: Request) -> None:
    """Answer 422 where a parameter that takes one value is repeated."""
    query = request.query_params
    if len(query) == len(query.multi_items()):
        return
    given = Counter(name for name, _ in query.multi_items())
    route: APIRoute = request.scope["route"]
    for name in _single(route.dependant):
        if given[name] > 1:
            raise invalid(name, query.getlist(name), "give it once")


def _single(dependant: Dependant) -> Iterator[str]:
    """Tell the parameters that take one value."""
    for field in dependant.query_params:
        yield from (name for name, is_list in query_names(field) if not is_list)
    for other in dependant.dependencies:
        yield from _single(other)
