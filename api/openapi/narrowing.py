"""Adds to parameters and objects what the framework cannot know about them.

A client made from the document should be able to send whatever the document allows, and never
meet a null that no URL can carry.
"""

from __future__ import annotations

from typing import Any, Final

from api.pulse import PROJECTED
from api.schemas.limits import AN_ID

_TOPIC: Final = "|".join(sorted(name.replace(".", "\\.") for name in PROJECTED))
_NUMBER: Final = "(0|[1-9][0-9]{0,17})"
_SMALL: Final = "(0|[1-9][0-9]{0,8})"
POSITION: Final = {
    "pattern": f"^({_TOPIC})/{_SMALL}/{_NUMBER}/{_SMALL}$",
    "examples": ["fleet/2/1187/0"],
}
"""What `api.routes.waiting` can wait for: a place in a topic that the views read."""
_KNOWN: Final[dict[str, dict[str, Any]]] = {
    "tenant": {**AN_ID, "examples": ["default"]},
    "agent_id": {**AN_ID, "examples": ["web-1"]},
    "finding_id": {"examples": ["finding-1"]},
    "action_id": {"examples": ["action-1"]},
    "silence_id": {"examples": ["silence-1"]},
    "wait_for": POSITION,
    "position": POSITION,
}
"""By name: a parameter means the same wherever it is asked for."""


_BOUNDS: Final = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})


def narrow(parameter: dict[str, Any]) -> None:
    """Make a parameter's schema say what its route accepts."""
    schema: dict[str, Any] = parameter["schema"]
    _without_null(schema)
    schema.update(_KNOWN.get(parameter["name"], {}))


def _without_null(schema: dict[str, Any]) -> None:
    """Drop the null that stands for a parameter left out: no URL spells it."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) == 1:
        del schema["anyOf"]
        schema.update(kinds[0])


def exact(part: Any) -> None:
    """Tell whole bounds as integers: as a float, 2^63 - 1 is another number."""
    if isinstance(part, list):
        for one in part:
            exact(one)
    elif isinstance(part, dict):
        for key, value in part.items():
            if key in _BOUNDS and isinstance(value, float) and value.is_integer():
                part[key] = int(value)
            exact(value)


def close(schemas: dict[str, Any]) -> None:
    """Say of every object with named fields that it has no others.

    The document is of one version of the server, and says all that this version says.
    """
    for schema in schemas.values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
