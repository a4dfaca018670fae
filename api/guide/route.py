"""Serves the guide: read-only, and to anybody, for it holds nothing but the guide."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response

from api.dashboard.files import File
from api.errors import Problem
from api.guide.pages import UnknownPage, every_page, read_page

router = APIRouter(include_in_schema=False)
_STATIC: Final = Path(__file__).with_name("static")


@router.get("/guide")
def first(request: Request) -> Response:
    """Return the page to begin with."""
    return _page(every_page()[0].name).answer(request)


@router.get("/guide/static/{name}")
def static(request: Request, name: str) -> Response:
    """Return what the pages load."""
    if name not in ("guide.css", "theme.js"):
        raise _missing(f"{request.url.path} is no file of the guide")
    return _file(name).answer(request)


@router.get("/guide/{name}")
def page(request: Request, name: str) -> Response:
    """Return one page, rendered."""
    try:
        return _page(name).answer(request)
    except UnknownPage as error:
        raise _missing(str(error)) from error


@cache
def _page(name: str) -> File:
    from api.guide.rendering import as_html

    return File.of(f"{name}.html", as_html(read_page(name), every_page()).encode())


@cache
def _file(name: str) -> File:
    return File.of(name, (_STATIC / name).read_bytes())


def _missing(detail: str) -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, "not-found", detail)
