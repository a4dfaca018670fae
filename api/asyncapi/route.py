"""Where programs read what is on the log."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Response

from api.asyncapi.document import as_json

PATH: Final = "/asyncapi.json"
router = APIRouter(tags=["system"])


@router.get(PATH, response_class=Response, responses={200: {"content": {"application/json": {}}}})
def asyncapi() -> Response:
    """Return the AsyncAPI 3 document of the log; like this API's own, it needs no token."""
    return Response(as_json(), media_type="application/json")
