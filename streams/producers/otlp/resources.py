"""Which agent a resource of OpenTelemetry is.

The id is ``NAME@INSTANCE``. NAME is ``service.name`` (``service.namespace/`` before it where there
is one), unless the SDK made it up (``unknown_service…``). INSTANCE is ``service.instance.id``,
unless it is a random UUID, which names a process that never comes back: then, and where there is
none, the pod (``k8s.pod.name``) or else the host (``host.name``). A host without a service is an
agent of type ``host``. ``homeostat.agent.id`` and ``homeostat.agent.type`` say otherwise.

Source: semantic conventions of OpenTelemetry, *Service* and *Host*.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import NamedTuple

from streams.producers.series.naming import agent_name, fit_labels


class Agent(NamedTuple):
    """An agent, its type and its labels."""

    id: str
    kind: str
    labels: dict[str, str]


def agent_of(resource: Mapping[str, str]) -> Agent | None:
    """Return the agent that `resource` is; None where it does not say.

    Examples
    --------
    >>> agent_of({"service.name": "cart", "host.name": "alpha", "service.version": "2.1"})
    Agent(id='cart@alpha', kind='service', labels={'host': 'alpha', 'version': '2.1'})
    >>> agent_of({"host.name": "alpha"}).kind, agent_of({"telemetry.sdk.name": "opentelemetry"})
    ('host', None)
    """
    host = resource.get("host.name", "")
    name = _service(resource)
    asked = resource.get("homeostat.agent.id", "")
    found = agent_name(asked) if asked else agent_name(name, _instance(resource) if name else host)
    if not found:
        return None
    kind = resource.get("homeostat.agent.type") or ("service" if name or asked else "host")
    return Agent(found, agent_name(kind), fit_labels(dict(_labels(resource))))


def _service(resource: Mapping[str, str]) -> str:
    name = resource.get("service.name", "")
    if not name or name.startswith("unknown_service"):
        return ""
    namespace = resource.get("service.namespace")
    return f"{namespace}/{name}" if namespace else name


def _instance(resource: Mapping[str, str]) -> str:
    given = resource.get("service.instance.id", "")
    if given and not _is_random(given):
        return given
    return resource.get("k8s.pod.name") or resource.get("host.name") or ""


def _is_random(text: str) -> bool:
    try:
        return uuid.UUID(text).version == 4
    except ValueError:
        return False


_RENAMED = {"host.name": "host", "service.version": "version"}
_UNTOLD = ("homeostat.", "telemetry.sdk.", "process.", "service.name")
"""What says nothing of an agent that stays, or is said otherwise."""


def _labels(resource: Mapping[str, str]) -> list[tuple[str, str]]:
    return [
        (_RENAMED.get(key, key), value)
        for key, value in resource.items()
        if not key.startswith(_UNTOLD) and not (key == "service.instance.id" and _is_random(value))
    ]
