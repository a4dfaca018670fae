"""Which methods a path answers: those of all its routes, where the framework names one route's."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.routing import compile_path


def methods_of(app: FastAPI, path: str) -> frozenset[str]:
    """Return what `path` answers; nothing where the document has no such path.

    Those that the document has, and HEAD wherever there is a GET; see `api.head`.
    """
    found = frozenset(
        method.upper()
        for template, operations in app.openapi()["paths"].items()
        if compile_path(template)[0].fullmatch(path)
        for method in operations
    )
    return found | {"HEAD"} if "GET" in found else found
