"""Which methods a path answers: all of them, where the framework names those of one route."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.routing import compile_path


def methods_of(app: FastAPI, path: str) -> frozenset[str]:
    """Return the methods that the document has for `path`; none where it has no such path."""
    return frozenset(
        method.upper()
        for template, operations in app.openapi()["paths"].items()
        if compile_path(template)[0].fullmatch(path)
        for method in operations
    )
