"""Telemetry over HTTP: what a program says of itself or of another."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import ConfigDict, Field, JsonValue

from api.schemas.common import Body, Whole
from api.schemas.limits import (
    A_CONVERSATION,
    A_FINISH,
    A_LATENCY,
    A_MODEL,
    A_ROLE,
    A_TEXT,
    AN_ID,
    AN_ID_OR_NULL,
    AT,
    LABELS,
    METRICS,
    SEQUENCE,
    STATUS,
    TOKENS,
)
from streams.contracts.errors import InvalidField
from streams.contracts.message import Message
from streams.contracts.telemetry import RESERVED, Heartbeat, check_heartbeat, parse_time

_EXAMPLE: Final[dict[str, JsonValue]] = {
    "metrics": {"cpu_usage": 41.5, "error_rate": 0.01},
    "status": "busy",
}


class Said(Body):
    """What an AI agent said or was told; it is judged, and shown to nobody."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"conversation_id": "c-17", "text": "Hello."}},
    )

    conversation_id: str = Field(json_schema_extra=A_CONVERSATION)
    text: str = Field(json_schema_extra=A_TEXT)
    role: str = Field(default="assistant", json_schema_extra=A_ROLE)
    finish: str | None = Field(default=None, json_schema_extra=A_FINISH)
    latency_ms: Annotated[float, Field(allow_inf_nan=False)] | None = Field(
        default=None, json_schema_extra=A_LATENCY
    )
    tokens: Whole | None = Field(default=None, json_schema_extra=TOKENS)
    model: str | None = Field(default=None, json_schema_extra=A_MODEL)


class Measurements(Body):
    """What one heartbeat says; the agent is named by the path."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": _EXAMPLE})

    metrics: dict[str, Annotated[float, Field(allow_inf_nan=False)]] = Field(
        json_schema_extra=METRICS
    )
    at: str | float | None = Field(
        default=None, description="RFC 3339 or epoch seconds.", json_schema_extra=AT
    )
    status: str | None = Field(default=None, json_schema_extra=STATUS)
    labels: dict[str, str] = Field(default_factory=dict, json_schema_extra=LABELS)
    sequence: Whole | None = Field(default=None, json_schema_extra=SEQUENCE)
    agent_type: str | None = Field(default=None, json_schema_extra=AN_ID_OR_NULL)
    message: Said | None = None

    def heartbeat(self, tenant: str, agent_id: str) -> Heartbeat:
        """Return the heartbeat of an agent, fully checked.

        Raises
        ------
        InvalidField
            For the first field that breaks the contract of telemetry.
        """
        heartbeat = Heartbeat(
            agent_id,
            self.metrics,
            tenant,
            self.at,
            self.sequence,
            self.status,
            self.agent_type,
            self.labels,
            None if self.message is None else Message(**self.message.model_dump()),
        )
        check_heartbeat(heartbeat)
        if self.at is not None:
            parse_time(self.at)
        for name in RESERVED & self.metrics.keys():
            remedy = "only this installation's own probes write it; choose another name"
            raise InvalidField("reserved_metric", "metrics", name, remedy)
        return heartbeat


class NamedMeasurements(Measurements):
    """One heartbeat of a list: it names its agent, and its tenant where that is another."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"agent_id": "web-1", **_EXAMPLE}}
    )

    agent_id: str = Field(json_schema_extra=AN_ID)
    tenant_id: str | None = Field(default=None, json_schema_extra=AN_ID_OR_NULL)


class Bulk(Body):
    """Many heartbeats at once, in order."""

    heartbeats: list[NamedMeasurements] = Field(min_length=1, max_length=5000)
