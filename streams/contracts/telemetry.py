"""Telemetry on the wire: plain JSON that anybody can write, and the ticks beside it.

The least that is valid::

    {"agent_id": "web-1", "metrics": {"cpu_usage": 41.5, "error_rate": 0.01}}

Optional: ``tenant_id`` (default ``default``), ``at`` (RFC 3339 or epoch seconds; default the
record's timestamp), ``sequence``, ``status``, ``agent_type``, ``labels``, and the ``message`` of a
conversation (`streams.contracts.message`).
"""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Final

import msgspec

from streams.contracts.errors import InvalidField, MalformedRecord
from streams.contracts.message import Message, check_message
from streams.contracts.mistyped import wrong_type

MAX_BYTES: Final = 64 * 1024
MAX_METRICS: Final = 256
MAX_LABELS: Final = 64
MAX_DEPTH: Final = 16
MAX_ID: Final = 200
DEFAULT_TENANT: Final = "default"
RESERVED: Final = frozenset({"up", "restarts"})
"""Metrics that only this installation's own probes may write: remediation trusts them."""
DECLARABLE: Final = frozenset({"active", "idle", "busy", "degraded"})
"""States that an agent may claim for itself."""

_TIMES: Final = "use RFC 3339 with an offset, such as 2026-01-31T12:00:00Z, or epoch seconds"
ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+-]*")
"""What agents and tenants may be called, up to `MAX_ID` characters."""
METRIC: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.:/-]{0,127}")
BOUND: Final = 1e150
"""Metrics lie below it, so that their squares are finite and no statistic can overflow."""
MAX_LABEL: Final = 64
MAX_LABEL_VALUE: Final = 1024
# What `fromisoformat` takes beyond this differs between versions of Python, and a replay may not.
_RFC3339: Final = re.compile(
    r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:)(\d\d)((?:\.\d+)?(?:Z|[+-]\d\d:\d\d))", re.ASCII
)


class Heartbeat(msgspec.Struct, frozen=True, gc=False):
    """One heartbeat as it is written.

    Parameters
    ----------
    agent_id : str
        1 to 200 of letters, digits and ``._:@+-``, starting with a letter or digit; no ``/``.
    metrics : dict of str to float
        Finite numbers; at most 256. Percentages 0-100, latencies in ms, rates 0-1.
    tenant_id : str
        Whose agent it is.
    at : str, float or None
        When it was measured: RFC 3339, or seconds since the epoch.
    sequence : int or None
        A number that the sender counts up, for finding gaps.
    status : str or None
        What the agent says of itself: active, idle, busy or degraded.
    agent_type : str or None
        host, service, worker, ai_agent, model_server, pipeline or a name of one's own.
    labels : dict of str to str
        Anything else worth knowing: host, version, group, depends_on.
    message : Message or None
        What an AI agent said or was told.
    """

    agent_id: str
    metrics: dict[str, float]
    tenant_id: str = DEFAULT_TENANT
    at: str | float | None = None
    sequence: int | None = None
    status: str | None = None
    agent_type: str | None = None
    labels: dict[str, str] = {}
    message: Message | None = None

    @property
    def key(self) -> str:
        """The canonical key, ``tenant/agent``."""
        return f"{self.tenant_id}/{self.agent_id}"


class Tick(msgspec.Struct, frozen=True):
    """A signed moment, written into every partition of an inbox.

    Parameters
    ----------
    tick : float
        Seconds since the epoch. A step's time is the maximum it has seen.
    """

    tick: float


_heartbeat = msgspec.json.Decoder(Heartbeat)
_tick = msgspec.json.Decoder(Tick)
_encode = msgspec.json.Encoder()


def encode_heartbeat(heartbeat: Heartbeat) -> bytes:
    """Return the JSON of `heartbeat`, without the fields that hold their defaults."""
    fields = {
        name: value
        for name in heartbeat.__struct_fields__
        if (value := getattr(heartbeat, name)) not in (None, {}) or name == "metrics"
    }
    return _encode.encode(fields)


def encode_tick(at: float) -> bytes:
    """Return the JSON of a tick at `at` (seconds since the epoch)."""
    return _encode.encode(Tick(at))


def decode_tick(value: bytes) -> float:
    """Return the moment of a tick, in seconds since the epoch."""
    try:
        at = _tick.decode(value).tick
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedRecord("malformed_tick", str(error)) from error
    if not math.isfinite(at):
        raise InvalidField("malformed_tick", "tick", at, "give finite seconds since the epoch")
    return at


def decode_heartbeat(value: bytes | None) -> Heartbeat:
    """Return the heartbeat that `value` spells, fully checked.

    Raises
    ------
    MalformedRecord, InvalidField
        With the field, the value and the remedy.

    Examples
    --------
    >>> decode_heartbeat(b'{"agent_id": "web-1", "metrics": {"cpu_usage": 41.5}}').key
    'default/web-1'
    """
    heartbeat = read_heartbeat(value)
    check_heartbeat(heartbeat)
    return heartbeat


def read_heartbeat(value: bytes | None) -> Heartbeat:
    """Return the heartbeat that `value` spells, of the right types; names may be anything yet.

    Raises
    ------
    MalformedRecord, InvalidField
        With the field, the value and the remedy.
    """
    if not value:
        raise MalformedRecord("empty_record", "the record has no value; send a JSON object")
    check_size(value)
    try:
        return _heartbeat.decode(value)
    except msgspec.ValidationError as error:
        raise wrong_type(value, Heartbeat) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedRecord(
            "malformed_json", f"{error}; send one JSON object in UTF-8"
        ) from error


def check_size(value: bytes) -> None:
    """Raise `MalformedRecord` where a heartbeat's JSON is longer than readers accept."""
    if len(value) > MAX_BYTES:
        detail = f"the record has {len(value)} bytes; at most {MAX_BYTES} are accepted"
        raise MalformedRecord("record_too_large", detail)


def check_heartbeat(heartbeat: Heartbeat) -> None:
    """Raise `InvalidField` for the first field that breaks the contract."""
    check_id("agent_id", heartbeat.agent_id)
    check_id("tenant_id", heartbeat.tenant_id)
    if heartbeat.status is not None and heartbeat.status not in DECLARABLE:
        remedy = f"use one of {', '.join(sorted(DECLARABLE))}"
        raise InvalidField("invalid_status", "status", heartbeat.status, remedy)
    if heartbeat.agent_type is not None:
        check_id("agent_type", heartbeat.agent_type)
    if heartbeat.sequence is not None and not 0 <= heartbeat.sequence < 1 << 63:
        raise InvalidField("invalid_sequence", "sequence", heartbeat.sequence, "use 0 to 2^63 - 1")
    _check_metrics(heartbeat.metrics)
    _check_labels(heartbeat.labels)
    if heartbeat.message is not None:
        check_message(heartbeat.message)


def check_id(field: str, value: str) -> None:
    """Raise `InvalidField` unless `value` may be part of a key."""
    if len(value) > MAX_ID or not ID.fullmatch(value):
        remedy = f"use 1 to {MAX_ID} letters, digits and ._:@+- (no '/'), a letter or digit first"
        raise InvalidField(f"invalid_{field}", field, value, remedy)


def _check_metrics(metrics: dict[str, float]) -> None:
    if len(metrics) > MAX_METRICS:
        remedy = f"send at most {MAX_METRICS} in a record"
        raise InvalidField("too_many_metrics", "metrics", f"{len(metrics)} metrics", remedy)
    for name, value in metrics.items():
        if not METRIC.fullmatch(name):
            remedy = "use 1 to 128 letters, digits and _.:/-, a letter or _ first"
            raise InvalidField("invalid_metric_name", "metrics", name, remedy)
        if not -BOUND < value < BOUND:
            remedy = "use a finite number below 1e150"
            raise InvalidField("invalid_metric_value", f"metrics.{name}", value, remedy)


def _check_labels(labels: dict[str, str]) -> None:
    if len(labels) > MAX_LABELS:
        remedy = f"send at most {MAX_LABELS}"
        raise InvalidField("too_many_labels", "labels", f"{len(labels)} labels", remedy)
    for name, value in labels.items():
        if not name or len(name) > MAX_LABEL or len(value) > MAX_LABEL_VALUE:
            remedy = "keep names to 1-64 and values to 1024 characters"
            raise InvalidField("invalid_label", f"labels.{name[:64]}", value, remedy)


def parse_time(at: str | float) -> float:
    """Return seconds since the epoch for an RFC 3339 text or a number.

    A leap second (``:60``) is the second after it, as in POSIX.

    Raises
    ------
    InvalidField
        Where it is neither, or names no offset from UTC.

    Examples
    --------
    >>> parse_time("1970-01-01T00:01:00Z")
    60.0
    >>> parse_time("2016-12-31T23:59:60Z") == parse_time("2017-01-01T00:00:00Z")
    True
    """
    if isinstance(at, str):
        return _of_text(at)
    if not math.isfinite(at):
        raise InvalidField("invalid_time", "at", at, _TIMES)
    return float(at)


def _of_text(at: str) -> float:
    parts = _RFC3339.fullmatch(at.upper())
    if parts is None:
        raise InvalidField("invalid_time", "at", at, _TIMES)
    begin, second, end = parts.groups()
    leap = second == "60"
    try:
        moment = dt.datetime.fromisoformat(f"{begin}{'59' if leap else second}{end}")
    except ValueError as error:
        raise InvalidField("invalid_time", "at", at, _TIMES) from error
    return moment.timestamp() + leap
