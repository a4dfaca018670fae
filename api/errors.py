"""Every failure as problem details.

Source: RFC 9457, "Problem Details for HTTP APIs". Types are relative URIs, stable names of what
went wrong; `errors` names each field, its value and the remedy.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from api.openapi.allowed import methods_of
from api.safety import SAFETY
from config.policy import PolicyError
from projections.queries.paging import CursorError
from streams.contracts.errors import ContractError, InvalidField
from streams.kafka.complaints import Complaints
from streams.kafka.errors import PublishError, RecordTooLarge

_COMPLAINTS: Final = Complaints(logging.getLogger("homeostat.api"), logging.WARNING)
MEDIA_TYPE: Final = "application/problem+json"
_RETRY: Final = {"retry-after": "1"}
_SHOWN: Final = 200


class FieldError(BaseModel):
    """A field that is wrong: where, what it holds, and what to do."""

    field: str
    value: Any = None
    remedy: str


class ProblemDetails(BaseModel):
    """What every failure answers with (application/problem+json)."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "/problems/not-found",
                "title": "Not Found",
                "status": 404,
                "detail": "tenant default has no agent web-9",
                "instance": "/api/v1/agents/web-9",
            }
        }
    )

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[FieldError] = []


class Problem(HTTPException):
    """A request that cannot be served, and why.

    An `HTTPException`, so that one raised while a body is read comes through as it is.

    Parameters
    ----------
    status : HTTPStatus
        The answer's status.
    name : str
        A stable name, the last part of the problem's type.
    detail : str
        A sentence for a person, with the remedy.
    """

    def __init__(
        self,
        status: HTTPStatus,
        name: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status.value, detail, dict(headers or {}))
        self.status = status
        self.name = name
        self.errors = errors

    def response(self, instance: str) -> JSONResponse:
        """Return the answer for a request to the path `instance`."""
        body: dict[str, Any] = {
            "type": f"/problems/{self.name}",
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
            "instance": instance,
        }
        if self.errors:
            body["errors"] = [error.model_dump(mode="json") for error in self.errors]
        return JSONResponse(body, self.status, self.headers, media_type=MEDIA_TYPE)


def not_found(what: str, name: str, tenant: str) -> Problem:
    """Return the problem of something that a tenant does not have."""
    detail = f"tenant {tenant} has no {what} {name}"
    return Problem(HTTPStatus.NOT_FOUND, "not-found", detail)


def invalid(field: str, value: object, remedy: str, name: str = "invalid-field") -> Problem:
    """Return the problem of one field."""
    error = FieldError(field=field, value=_shown(value), remedy=remedy)
    detail = f"{field}: {remedy}"
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, name, detail, errors=[error])


def _shown(value: object) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    text = _spelt(value if isinstance(value, str) else repr(value))
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def _spelt(text: str) -> str:
    """Return `text` with lone surrogates, which no UTF-8 can carry, as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def _from_http(error: HTTPException) -> Problem:
    status = HTTPStatus(error.status_code)
    if status is HTTPStatus.BAD_REQUEST:  # of a body that is not even text
        return invalid("body", None, "send one JSON object in UTF-8", "invalid-text")
    name = status.phrase.lower().replace(" ", "-")
    return Problem(status, name, str(error.detail), headers=error.headers)


def _from_validation(error: RequestValidationError) -> Problem:
    errors = [
        FieldError(
            field=_spelt(".".join(str(part) for part in found["loc"])),
            value=None if _quotes(found) else _shown(found.get("input")),
            remedy=str(found["msg"]),
        )
        for found in error.errors()
    ]
    detail = "; ".join(f"{e.field}: {e.remedy}" for e in errors[:3])
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", detail, errors=errors[:100])


def _quotes(found: Mapping[str, Any]) -> bool:
    """Say whether what is wrong may hold the message of a conversation, which no answer quotes."""
    given = found.get("input")
    return "message" in found["loc"] or isinstance(given, dict | list)


def _from_contract(error: ContractError) -> Problem:
    field = error.field if isinstance(error, InvalidField) else "body"
    return invalid(field, None, error.detail, error.reason.replace("_", "-"))


def _from_policy(error: PolicyError) -> Problem:
    return invalid("policy", None, str(error).removeprefix("policy: "), "invalid-policy")


def _from_cursor(error: CursorError) -> Problem:
    return invalid("cursor", None, str(error), "invalid-cursor")


def _from_publishing(error: PublishError) -> Problem:
    if isinstance(error, RecordTooLarge):
        return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "record-too-large", str(error))
    detail = "the log cannot be written now, so whether it was recorded is unknown; try again"
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "log-away", detail, headers=_RETRY)


def _from_encoding(_error: UnicodeEncodeError) -> Problem:
    remedy = "a text has half of a surrogate pair, which UTF-8 cannot carry; send whole characters"
    return invalid("body", None, remedy, "invalid-text")


def _from_database(_error: Exception) -> Problem:
    detail = "the views cannot be read now (they may still be starting); try again"
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "views-away", detail, headers=_RETRY)


def _from_anything(_error: Exception) -> Problem:
    detail = "this is a defect of the server's; its log says more"
    # Answered outside of all middleware, so the headers come from here.
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal-error", detail, headers=SAFETY)


_PROBLEMS: Final[Mapping[type[Exception], Any]] = {
    Problem: lambda problem: problem,
    HTTPException: _from_http,
    RequestValidationError: _from_validation,
    ContractError: _from_contract,
    PolicyError: _from_policy,
    CursorError: _from_cursor,
    PublishError: _from_publishing,
    UnicodeEncodeError: _from_encoding,
    DBAPIError: _from_database,
    PoolTimeout: _from_database,
    Exception: _from_anything,
}


def problem_of(error: Exception) -> Problem:
    """Return the problem that `error` is answered with."""
    kind = next(kind for kind in type(error).__mro__ if kind in _PROBLEMS)
    problem: Problem = _PROBLEMS[kind](error)
    return problem


async def _answer(request: Request, error: Exception) -> JSONResponse:
    problem = problem_of(error)
    if problem.status is HTTPStatus.METHOD_NOT_ALLOWED:
        _allow_all(problem, request)
    if problem.status is HTTPStatus.SERVICE_UNAVAILABLE:
        told = f"{request.method} {request.url.path}: {error}"
        _COMPLAINTS.tell(type(error).__name__, told)
    return problem.response(request.url.path)


def _allow_all(problem: Problem, request: Request) -> None:
    """Name every method of the path (RFC 9110, 15.5.6), not only those of the first route."""
    if methods := methods_of(request.app, request.url.path):
        problem.headers = {"allow": ", ".join(sorted(methods))}


def install(app: FastAPI) -> None:
    """Make `app` answer every failure with problem details."""
    for kind in _PROBLEMS:
        app.add_exception_handler(kind, _answer)
