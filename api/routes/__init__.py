"""The routes, a file a noun: they ask, they tell, and decide nothing."""

from typing import Any, Final

from api.errors import MEDIA_TYPE, ProblemDetails


def problem(description: str) -> dict[str, Any]:
    """Return how a failure is described in the OpenAPI document."""
    return {
        "description": description,
        "model": ProblemDetails,
        "content": {MEDIA_TYPE: {}},
    }


READS: Final[dict[int | str, dict[str, Any]]] = {
    401: problem("No valid token."),
    403: problem("The token's role or tenant does not allow it."),
    404: problem("There is no such thing."),
    429: problem("The token or its tenant asks too much; Retry-After says when to ask again."),
    422: problem("A field is wrong; names it, its value and the remedy."),
    503: problem("The views or the log are away; try again."),
}
WRITES: Final[dict[int | str, dict[str, Any]]] = {
    **READS,
    409: problem("It is not in a state that allows this."),
    413: problem("The body is larger than 1 MiB."),
}
