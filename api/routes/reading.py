"""Routes of reads: keeps small what a request costs beside its query.

For each request the framework walks the tree of a route's dependencies, and it hands a plain
function to a thread twice: to run it, and to validate an answer that already is the model. That
took longer than most queries. Here the tree is flattened once, into a list, and a query is run and
its answer encoded as JSON in one go.

Everything unusual is left to the framework, which answers as ever: a parameter that is invalid or
given twice, and a route that takes something other than parameters and coroutines.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import msgspec
from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from api.routes.parameters import Options, Parameter, parameter
from projections.database import Interrupted, within

BRIEF_STEPS: Final = 10_000
"""Of SQLite's, see `projections.database.within`: a page of a few hundred rows."""
Handler = Callable[[Request], Coroutine[Any, Any, Response]]
_FOREIGN: Final = (
    "header_params",
    "cookie_params",
    "body_params",
    "websocket_param_name",
    "response_param_name",
    "background_tasks_param_name",
    "security_scopes_param_name",
    "own_oauth_scopes",
    "concurrency",
)
"""What a dependency may be given that is not laid out here."""


class Reading(APIRoute):
    """A route whose plain functions are asked quickly; any other is the framework's."""

    def get_route_handler(self) -> Handler:
        """Return what serves a request."""
        ordinary = super().get_route_handler()
        steps, model = laid_out(self.dependant), self.response_model
        if steps is None or inspect.iscoroutinefunction(self.endpoint) or not _is_model(model):
            return ordinary

        async def quick(request: Request) -> Response:
            given = _given(steps, request)
            if given is None:
                return await ordinary(request)
            solved: list[Any] = []
            for step, values in zip(steps[:-1], given, strict=False):
                solved.append(await step.call(**values, **step.taken(solved)))
            values = given[-1] | steps[-1].taken(solved)
            write = partial(_written, self.endpoint, values, model)
            return Response(await _answered(request, write), media_type="application/json")

        return quick


@dataclass(frozen=True, slots=True)
class Step:
    """One call: a dependency's, or at last the route's own.

    Parameters
    ----------
    takes : tuple of (str, int)
        By which names it takes the results of which earlier steps.
    request : tuple of str
        By which names it takes the request.
    """

    call: Callable[..., Any]
    takes: tuple[tuple[str, int], ...]
    parameters: tuple[Parameter | Options, ...]
    request: tuple[str, ...]

    def taken(self, solved: list[Any]) -> dict[str, Any]:
        """Return what it takes of earlier steps."""
        return {name: solved[place] for name, place in self.takes}


def laid_out(dependant: Dependant) -> list[Step] | None:
    """Return a route's calls, each after what it depends on; None where the framework must do it.

    A call that several depend on is made once, as the framework does.
    """
    steps: list[Step] = []
    places: dict[Any, int] = {}
    return steps if _lay_out(dependant, steps, places) else None


def _lay_out(dependant: Dependant, steps: list[Step], places: dict[Any, int]) -> bool:
    if any(getattr(dependant, name) for name in _FOREIGN) or not dependant.use_cache:
        return False
    for each in dependant.dependencies:
        if each.call in places:
            continue
        if not _is_coroutine(each.call) or not _lay_out(each, steps, places):
            return False
    takes = tuple((d.name, places[d.call]) for d in dependant.dependencies if d.name is not None)
    parameters = (
        *(parameter(field, in_path=True) for field in dependant.path_params),
        *(parameter(field, in_path=False) for field in dependant.query_params),
    )
    names = (dependant.request_param_name, dependant.http_connection_param_name)
    request = tuple(name for name in names if name is not None)
    places[dependant.call] = len(steps)
    steps.append(Step(dependant.call, takes, parameters, request))  # type: ignore[arg-type]
    return True


def _is_coroutine(call: Any) -> bool:
    return inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(type(call).__call__)


def _given(steps: list[Step], request: Request) -> list[dict[str, Any]] | None:
    """Return what each step is given of the request; None where something is not valid."""
    path, query = request.path_params, request.query_params
    if len(query) < len(query.multi_items()):
        return None  # something is given twice
    given = []
    for step in steps:
        values: dict[str, Any] = dict.fromkeys(step.request, request)
        for each in step.parameters:
            if not each.take(path if each.in_path else query, values):
                return None
        given.append(values)
    return given


async def _answered(request: Request, write: Callable[[], bytes]) -> bytes:
    """Return the answer: from a file beside us at once where that is brief, or from a thread.

    Two threads that take turns at the interpreter for every row are slower than one, and the
    slowest answers suffer most.
    """
    services = getattr(request.app.state, "services", None)
    if services is not None and services.engine.dialect.name == "sqlite":
        try:
            with within(BRIEF_STEPS):
                return write()
        except Interrupted:
            pass
    return await run_in_threadpool(write)


def _is_model(model: Any) -> bool:
    return inspect.isclass(model) and issubclass(model, BaseModel)


def _written(call: Callable[..., Any], values: dict[str, Any], model: type[BaseModel]) -> bytes:
    answer = call(**values)
    if type(answer) is dict:  # as JSON has it already, see `View.plain`
        return msgspec.json.encode(answer)
    if type(answer) is not model:  # a page does not say of what; its items are what they are
        answer = model.model_validate(answer, from_attributes=True)
    written: bytes = answer.__pydantic_serializer__.to_json(answer, by_alias=True)
    return written
