"""Completes the document that the routes make: tags, ways to sign in, examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml
from fastapi import FastAPI

from api.errors import MEDIA_TYPE
from api.identity.session import COOKIE, CSRF_HEADER
from api.openapi.keys import specify_key
from api.openapi.narrowing import close, exact, narrow
from api.openapi.policies import specify_policy

EXAMPLES: Final = Path(__file__).with_name("examples.yaml")
SESSION: Final = "session"
_LISTING: Final = "Listing_"
TAGS: Final = [
    {"name": "agents", "description": "Who is watched: how they are, and what they were."},
    {"name": "telemetry", "description": "Measurements, signed and written to the log."},
    {"name": "findings", "description": "What is wrong, with its evidence and what followed."},
    {"name": "incidents", "description": "Findings that belong together, root cause first."},
    {"name": "actions", "description": "What was done, why, and what waits for a person."},
    {"name": "silences", "description": "What should ask for nobody's attention for a while."},
    {"name": "events", "description": "The record itself, page by page or as it grows."},
    {"name": "policy", "description": "The thresholds and limits that decisions are made by."},
    {"name": "tokens", "description": "Who may do what, until when; for administrators."},
    {"name": "audit", "description": "Who did what, and who was refused; for administrators."},
    {"name": "session", "description": "A browser's cookie in exchange for a token."},
    {"name": "system", "description": "The installation's own parts, numbers and documents."},
]
_COOKIE: Final = {
    "type": "apiKey",
    "in": "cookie",
    "name": COOKIE,
    "description": f"A browser's session; its writes carry the header {CSRF_HEADER} as well.",
}


def complete(app: FastAPI) -> None:
    """Let `app` answer with the completed document; it is made when it is first asked for."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            _finish(plain())
        return plain()

    app.openapi = openapi  # type: ignore[method-assign]


def _finish(document: dict[str, Any]) -> None:
    document["tags"] = TAGS
    document["components"]["securitySchemes"][SESSION] = _COOKIE
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if operation.get("security"):
                operation["security"].append({SESSION: []})
            for parameter in operation.get("parameters", ()):
                narrow(parameter)
            specify_key(path, method, operation)
            for answer in operation["responses"].values():
                _only_as_problem(answer.get("content", {}))
    schemas = document["components"]["schemas"]
    _exemplify(schemas)
    specify_policy(schemas)
    close(schemas)
    exact(document["paths"])
    exact(schemas)


def _only_as_problem(content: dict[str, Any]) -> None:
    """Name the one media type that problems have, where the framework adds another."""
    if MEDIA_TYPE in content:
        content[MEDIA_TYPE] |= content.pop("application/json", {})


def _exemplify(schemas: dict[str, Any]) -> None:
    """Add examples; a page's is a page of the one of its items."""
    examples: dict[str, Any] = yaml.safe_load(EXAMPLES.read_text(encoding="utf-8"))
    for name, schema in schemas.items():
        item = name.removeprefix(_LISTING).removesuffix("_")
        if name in examples:
            schema["example"] = examples[name]
        elif name.startswith(_LISTING) and item in examples:
            schema["example"] = {"items": [examples[item]], "next": None}
