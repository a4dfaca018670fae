"""Answers that a client has already are not sent again.

Source: RFC 9110, 8.8.3 and 13.1.2.
"""

from __future__ import annotations

import hashlib

from fastapi import Request


def tag_of(content: bytes) -> str:
    """Return the entity tag of a body, quoted as headers have it."""
    return f'"{hashlib.sha256(content).hexdigest()[:20]}"'


def is_known(request: Request, tag: str) -> bool:
    """Say whether `If-None-Match` names `tag`, weakly or not, or any (``*``)."""
    given = ",".join(request.headers.getlist("if-none-match"))
    named = {each.strip().removeprefix("W/") for each in given.split(",")}
    return tag in named or "*" in named
