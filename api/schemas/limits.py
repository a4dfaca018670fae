"""What telemetry's contract accepts, as JSON Schema.

Said in the document only: the contract itself is checked where every record is
(`streams.contracts.telemetry`), and names the first field that breaks it with its remedy.
"""

from __future__ import annotations

from typing import Final

from pydantic import JsonValue

from streams.contracts.message import CONVERSATION, FINISHES, MAX_NAME, MAX_TEXT, MODEL, ROLES
from streams.contracts.telemetry import (
    BOUND,
    DECLARABLE,
    ID,
    MAX_ID,
    MAX_LABEL,
    MAX_LABEL_VALUE,
    MAX_LABELS,
    MAX_METRICS,
    METRIC,
    RESERVED,
)

Limits = dict[str, JsonValue]
AN_ID: Final[Limits] = {"pattern": f"^{ID.pattern}$", "minLength": 1, "maxLength": MAX_ID}
METRICS: Final[Limits] = {
    "maxProperties": MAX_METRICS,
    "propertyNames": {"pattern": f"^{METRIC.pattern}$", "not": {"enum": [*sorted(RESERVED)]}},
    "additionalProperties": {
        "type": "number",
        "exclusiveMinimum": -BOUND,
        "exclusiveMaximum": BOUND,
    },
}
LABELS: Final[Limits] = {
    "maxProperties": MAX_LABELS,
    "propertyNames": {"minLength": 1, "maxLength": MAX_LABEL},
    "additionalProperties": {"type": "string", "maxLength": MAX_LABEL_VALUE},
}


def _or_null(*kinds: JsonValue) -> Limits:
    return {"anyOf": [*kinds, {"type": "null"}]}


AT: Final = _or_null({"type": "string", "format": "date-time"}, {"type": "number"})
STATUS: Final = _or_null({"type": "string", "enum": [*sorted(DECLARABLE)], "title": "Status"})
# A bound of 2^63 is the same number wherever it is read; the one below it is not.
SEQUENCE: Final = _or_null({"type": "integer", "minimum": 0, "exclusiveMaximum": 1 << 63})
AN_ID_OR_NULL: Final = _or_null({"type": "string", **AN_ID})
A_CONVERSATION: Final[Limits] = {"pattern": f"^{CONVERSATION.pattern}$", "maxLength": MAX_NAME}
A_TEXT: Final[Limits] = {"maxLength": MAX_TEXT}
A_ROLE: Final[Limits] = {"enum": [*ROLES]}
A_FINISH: Final = _or_null({"type": "string", "enum": [*FINISHES], "title": "Finish"})
A_MODEL: Final = _or_null(
    {"type": "string", "pattern": f"^{MODEL.pattern}$", "maxLength": MAX_NAME}
)
A_LATENCY: Final = _or_null({"type": "number", "minimum": 0, "maximum": 1e9})
TOKENS: Final = _or_null({"type": "integer", "minimum": 0, "exclusiveMaximum": 1 << 53})
