"""Serves the page: every file is read once, compressed once, and named by its content."""

from __future__ import annotations

import asyncio
import gzip
import logging
import mimetypes
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response

from api.dashboard.libraries import read_libraries
from api.errors import Problem
from api.etag import is_known, tag_of
from streams.kafka.errors import JarError

_LOG: Final = logging.getLogger("homeostat.api")
STATIC: Final = Path(__file__).with_name("static")
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Nothing but our own files, and no inline script or style."""


_COMMENT: Final = re.compile(rb"^[ \t]*//.*$", re.MULTILINE)
"""A line that is only a comment: sent empty, for a fifteenth less; lines keep their numbers."""
_QUALITY: Final = 6
"""Of Brotli: a twentieth less than gzip at its best, and all of the page is packed in 30 ms."""


def _brotli(content: bytes) -> bytes:
    import cramjam

    return bytes(cramjam.brotli.compress(content, level=_QUALITY))


def _gzip(content: bytes) -> bytes:
    return gzip.compress(content, 9, mtime=0)


_PACKERS: Final[Mapping[str, Callable[[bytes], bytes]]] = {"br": _brotli, "gzip": _gzip}
"""By content coding, best first; browsers take Brotli over HTTPS and from their own machine."""


@dataclass(frozen=True, slots=True)
class File:
    """One file as it is sent, packed when that is first asked for."""

    media_type: str
    plain: bytes
    tag: str
    _packed: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, content: bytes) -> File:
        """Return the file `name` with its `content`."""
        guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
        text = guessed.startswith("text/") or guessed.endswith(("javascript", "json", "xml"))
        return cls(guessed + ("; charset=utf-8" if text else ""), content, tag_of(content))

    def answer(self, request: Request) -> Response:
        """Return it, or nothing where the browser has it already."""
        headers = {
            "cache-control": "no-cache",
            "content-security-policy": POLICY,
            "etag": self.tag,
            "vary": "accept-encoding",
        }
        if is_known(request, self.tag):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        coding = next((each for each in _PACKERS if _takes(request, each)), None)
        if coding is None:
            return Response(self.plain, media_type=self.media_type, headers=headers)
        if coding not in self._packed:
            self._packed[coding] = _PACKERS[coding](self.plain)
        headers["content-encoding"] = coding
        return Response(self._packed[coding], media_type=self.media_type, headers=headers)


def _takes(request: Request, coding: str) -> bool:
    """Say whether the client accepts `coding`, with a weight above nought (RFC 9110, 12.5.3)."""
    asked = request.headers.get("accept-encoding", "").replace(" ", "").split(",")
    weights = dict(each.partition(";q=")[::2] for each in asked)
    return coding in weights and (not weights[coding] or bool(weights[coding].strip("0.")))


class Libraries:
    """The page's libraries, read when they are first asked for."""

    def __init__(self, read: Callable[[Callable[[str], None]], dict[str, bytes]]) -> None:
        self._read = read
        self._files: dict[str, File] | None = None
        self._one = asyncio.Lock()

    async def get(self, name: str) -> File | None:
        """Return one of them, or None where it is none of ours.

        Raises
        ------
        JarError
            If they can neither be found nor fetched.
        """
        async with self._one:
            if self._files is None:
                content = await asyncio.to_thread(self._read, _LOG.info)
                self._files = {n: File.of(n, c) for n, c in content.items()}
        return self._files.get(name)


def as_sent(path: Path) -> bytes:
    """Return what is sent of a file of the page: of a script what is run."""
    content = path.read_bytes()
    return _COMMENT.sub(b"", content) if path.suffix == ".js" else content


def page_router() -> APIRouter:
    """Return the routes of the page; they need no token, for they hold nothing but the page."""
    router = APIRouter(include_in_schema=False)
    files = {
        path.relative_to(STATIC).as_posix(): File.of(path.name, as_sent(path))
        for path in sorted(STATIC.rglob("*"))
        if path.is_file()
    }
    libraries = Libraries(read_libraries)

    @router.get("/")
    async def page(request: Request) -> Response:
        return files["index.html"].answer(request)

    @router.get("/ui/{name:path}")
    async def static(request: Request, name: str) -> Response:
        return _answer(request, files.get(name))

    @router.get("/lib/{name:path}")
    async def library(request: Request, name: str) -> Response:
        try:
            return _answer(request, await libraries.get(name))
        except JarError as error:
            detail = f"{error}; the API works without the page"
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "libraries-missing", detail) from error

    return router


def _answer(request: Request, file: File | None) -> Response:
    if file is None:
        detail = f"{request.url.path} is no file of the page"
        raise Problem(HTTPStatus.NOT_FOUND, "not-found", detail)
    return file.answer(request)
