"""The header ``Idempotency-Key`` in the document: on every write that the log knows of."""

from __future__ import annotations

from typing import Any, Final

from api.idempotency.middleware import REPLAYED, WITHOUT, WRITING

_PARAMETER: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": (
        "A new random text for each new request, such as a UUID; the same one when the request is "
        "sent again because its answer was lost. It is done once, and answered as the first time. "
        "Bare or quoted. It is yours alone, and stands for one request for 24 hours."
    ),
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": 257,
        "pattern": '^([!#-~]{1,255}|"[ !#-\\[\\]-~]{1,255}")$',
        "examples": ["8e03978e-40d5-43dd-bc93-6894a57f9324"],
    },
}
_REPLAYED: Final = {
    "description": "There, and true, where this is the answer of an earlier try.",
    "schema": {"type": "string", "enum": ["true"]},
}
_FULL: Final = "Too many requests, or too many keys are in use; see Retry-After."


def specify_key(path: str, method: str, operation: dict[str, Any]) -> None:
    """Add to a write what the header is, and what is answered because of it."""
    if method.upper() not in WRITING or path in WITHOUT:
        return
    operation.setdefault("parameters", []).append(_PARAMETER)
    answers: dict[str, Any] = operation["responses"]
    for code, answer in answers.items():
        if code.startswith("2"):
            answer.setdefault("headers", {})[REPLAYED] = _REPLAYED
    answers.setdefault("429", {**answers["409"], "description": _FULL})
