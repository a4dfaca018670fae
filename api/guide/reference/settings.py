"""Every setting: the environment, and the YAML file that it may name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from annotated_types import Ge, Gt, Le
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from api.guide.reference.docstrings import about, parameters
from api.guide.reference.tables import code, shown, table, type_name, unit
from config.configuration import Configuration, Housekeeping
from config.probes import Probe
from config.services import HealthCheck, Service
from config.settings import Settings
from config.sources import (
    KafkaSource,
    OllamaSource,
    PostgresqlSource,
    PrometheusSource,
    RedisSource,
    Sources,
)

_PREFIX: Final = str(Settings.model_config["env_prefix"])
_SECTIONS: Final = (
    ("The file", Configuration),
    ("A service", Service),
    ("Its health", HealthCheck),
    ("A probe", Probe),
    ("Sources", Sources),
    ("An exporter of Prometheus' format", PrometheusSource),
    ("A Kafka cluster", KafkaSource),
    ("A PostgreSQL database", PostgresqlSource),
    ("A model server", OllamaSource),
    ("A cache", RedisSource),
    ("Housekeeping", Housekeeping),
)
BESIDE: Final = {
    "HOMEOSTAT_API": "Address of another installation's API, for the command line and the health "
    "checks of containers.",
    "HOMEOSTAT_TOKEN": "Token for the command line, instead of the one in `HOMEOSTAT_HOME`.",
    "HOMEOSTAT_LOG_LEVEL": "How much is written to standard error: `DEBUG`, `INFO`, `WARNING`.",
    "HOMEOSTAT_SLOT": "Number of a worker among those that run, or `host` where each has a host "
    "name of its own; `up` sets it for its workers.",
    "HOMEOSTAT_SUPERVISOR": "Set by `up` for its children, which end with it.",
    "HOMEOSTAT_LIFE": "Set by `up` for each child: the pipe that it shows by that it lives.",
}
"""Variables that a process reads by itself, each where it is needed."""


def settings_part() -> Iterator[str]:
    """Give the lines about settings."""
    yield from ("## Settings", "", "Each from the environment, read when a process starts.", "")
    told = parameters(Settings)
    rows = [
        (code(_PREFIX + name.upper()), *_cells(name, field, told))
        for name, field in Settings.model_fields.items()
    ]
    yield from table(("variable", "type", "default", "unit", "meaning"), rows)
    beside = ((code(name), meaning) for name, meaning in BESIDE.items())
    yield from table(("read by single processes", "meaning"), beside)
    yield from ("## Configuration file", "", about(Configuration), "")
    for title, model in _SECTIONS:
        yield from _section(title, model)


def _section(title: str, model: type[BaseModel]) -> Iterator[str]:
    yield from (f"### {title}", "", about(model), "")
    told = parameters(model)
    rows = [(code(name), *_cells(name, field, told)) for name, field in model.model_fields.items()]
    yield from table(("key", "type", "default", "unit", "meaning"), rows)


def _cells(name: str, field: FieldInfo, told: dict[str, str]) -> tuple[str, str, str, str]:
    kind = type_name(field.annotation) + _bounds(field.metadata)
    default = "required" if field.is_required() else shown(_plain(field.get_default()))
    return kind, default, unit(name, field.annotation), told[name]


def _plain(default: Any) -> Any:
    if isinstance(default, BaseModel):
        return default.model_dump(exclude_defaults=True) or "{}"
    return default


def _bounds(metadata: list[Any]) -> str:
    """Return the limits of a number, as they are held to."""
    words = {Ge: "from {}", Gt: "above {}", Le: "to {}"}
    limits = [
        words[type(each)].format(f"{getattr(each, type(each).__name__.lower()):g}")
        for each in metadata
        if type(each) in words
    ]
    return f", {' '.join(limits)}" if limits else ""
