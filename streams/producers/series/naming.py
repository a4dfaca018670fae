"""What the series of other systems are called here: agents, metrics, labels.

A metric is ``BASE SUFFIX :KEY-VALUE :KEY-VALUE …``, its attributes in the order of their keys::

    http.server.request.duration_seconds_p95:http.request.method-GET:http.route-/cart

Characters that a name may not have become ``_``. Wherever that, or the length, makes two names
alike that were not, the name ends with eight digits of a hash of what it was: names stay apart.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from streams.contracts.telemetry import ID, MAX_ID, MAX_LABEL, RESERVED
from streams.producers.series.bounded import LONGEST_KEY

LONGEST: Final = 128
"""Characters of a metric's name."""
MOST_LABELS: Final = 32
LONGEST_VALUE: Final = 200
"""Characters of a label's value; the rest is cut off."""
_KEPT: Final = 1 << 14
"""Names that are remembered, because the same series come again and again."""
_UNFIT: Final = re.compile(r"[^A-Za-z0-9_.:/-]")
_UNFIT_ID: Final = re.compile(r"[^A-Za-z0-9._:@+-]")
_UNITS: Final = {
    "ns": "nanoseconds", "us": "microseconds", "ms": "milliseconds", "s": "seconds",
    "min": "minutes", "h": "hours", "d": "days",
    "By": "bytes", "KiBy": "kibibytes", "MiBy": "mebibytes", "GiBy": "gibibytes",
    "kBy": "kilobytes", "MBy": "megabytes", "GBy": "gigabytes",
    "By/s": "bytes_per_second", "Hz": "hertz", "Cel": "celsius", "J": "joules", "W": "watts",
    "V": "volts", "A": "amperes", "m": "meters", "g": "grams", "%": "percent",
}  # fmt: skip
"""Units in the case-sensitive code of UCUM, in words, as OpenTelemetry maps them to Prometheus."""


def unit_suffix(base: str, unit: str) -> str:
    """Return what a metric's name ends with because of its unit; nothing where it says so already.

    Annotations in braces and the unit of a ratio say nothing that a name needs.

    Examples
    --------
    >>> unit_suffix("http.server.request.duration", "s"), unit_suffix("queue", "{message}")
    ('_seconds', '')
    >>> unit_suffix("process_memory_bytes", "By"), unit_suffix("load", "1")
    ('', '')
    """
    if not unit or unit == "1" or unit.startswith("{"):
        return ""
    word = _UNITS.get(unit) or _UNFIT.sub("_", unit)
    return "" if base.endswith(word) else f"_{word}"


def metric_name(base: str, suffix: str = "", attributes: Iterable[tuple[str, str]] = ()) -> str:
    """Return the name of one series.

    Examples
    --------
    >>> metric_name("jobs.done", "_per_s", [("state", "ok"), ("queue", "mail")])
    'jobs.done_per_s:queue-mail:state-ok'
    >>> metric_name("disk", "", [("path", "C: x")]), metric_name("up")
    ('disk:path-C:_x-1c03ad1d', 'reported_up')
    """
    pairs = tuple(attributes)
    size = len(base) + sum(len(key) + len(value) for key, value in pairs)
    return _kept(base, suffix, pairs) if size <= LONGEST_KEY else _named(base, suffix, pairs)


def _named(base: str, suffix: str, attributes: tuple[tuple[str, str], ...]) -> str:
    folded = "".join(f":{key}-{value}" for key, value in sorted(attributes))
    wanted = f"{base}{suffix}{folded}"
    if wanted in RESERVED:
        return f"reported_{wanted}"
    name = _UNFIT.sub("_", wanted)
    if not (name[:1].isalpha() or name.startswith("_")):
        name = f"_{name}"
    if name != wanted or len(name) > LONGEST:
        return f"{name[: LONGEST - 9]}-{_digest(wanted)}"
    return name


_kept = lru_cache(_KEPT)(_named)


def agent_name(name: str, instance: str = "") -> str:
    """Return the id of an agent: ``NAME@INSTANCE``, or the one that is there; empty where none is.

    Examples
    --------
    >>> agent_name("shop/cart", "10.0.0.7:8080"), agent_name("", "db 1")
    ('shop-cart@10.0.0.7:8080-f80fa2f9', 'db-1-46b9eece')
    """
    wanted = f"{name}@{instance}" if name and instance else name or instance
    if not wanted or (len(wanted) <= MAX_ID and ID.fullmatch(wanted)):
        return wanted
    fit = _UNFIT_ID.sub("-", wanted).lstrip("._:@+-") or "agent"
    return f"{fit[: MAX_ID - 9]}-{_digest(wanted)}"


def fit_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the first labels by name, cut to what a heartbeat may carry; empty ones left out."""
    fit = sorted((key, value) for key, value in labels.items() if value and key)
    return {key[:MAX_LABEL]: value[:LONGEST_VALUE] for key, value in fit[:MOST_LABELS]}


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=4).hexdigest()
