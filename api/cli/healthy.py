"""Whether a role makes progress, for an orchestrator: ``python -m api.cli.healthy ROLE``.

A process that lives may still stand still. So what is asked is whether its traces arrive: what a
worker, a projector or a node wrote must have come through the whole pipeline a moment ago.
"""

from __future__ import annotations

import datetime as dt
import http.client
import json
import sys
import time
from collections.abc import Mapping
from typing import Any, Final

from api.cli.address import asked_address, connected
from api.cli.roles import own_slot
from config.configuration import host_name
from config.settings import Settings, SettingsError, settings_from_environment

FRESH_S: Final = 45.0
"""Workers report every ten seconds, hosts every five or as configured."""
WRITES_S: Final = 20.0
"""A projector writes at least with every tick, which come each five seconds."""
_PATIENCE_S: Final = 5.0


class Unwell(Exception):
    """The role makes no progress; says what was looked at."""


def healthy(role: str, settings: Settings) -> str:
    """Return what was seen of `role`, or raise `Unwell`."""
    if role == "api":
        return f"answers {_get(settings, '/healthz')['status']}"
    if role == "projector":
        return going(_get(settings, "/api/v1/system/health")["components"]["projector"])
    if role == "worker":
        return _heard_of(settings, f"worker-{own_slot()}", FRESH_S)
    if role == "node":
        configuration = settings.configuration()
        patience = max(FRESH_S, 3 * configuration.host_interval_s)
        return _heard_of(settings, host_name(configuration), patience)
    raise SettingsError(f"{role!r} is no role; use api, projector, worker or node")


def going(part: Mapping[str, Any]) -> str:
    """Return how a projector goes on, by what the API says of it, or raise `Unwell`.

    One that writes and cannot follow would only be further behind after a restart.
    """
    if part["status"] == "ok":
        return "keeps up"
    if part["last_seen"] is not None and _age_s(part["last_seen"]) < WRITES_S:
        return f"writes: {part['detail']}"
    raise Unwell(f"projector: {part['status']} {part['detail']}")


def _heard_of(settings: Settings, agent: str, patience_s: float) -> str:
    seen = _get(settings, f"/api/v1/agents/{agent}")["last_seen"]
    age = _age_s(seen) if seen else patience_s
    if age >= patience_s:
        raise Unwell(f"{agent} was last heard of {age:.0f} s ago")
    return f"{agent} was heard of {max(age, 0.0):.0f} s ago"


def _age_s(seen: str) -> float:
    return time.time() - dt.datetime.fromisoformat(seen).timestamp()


def _get(settings: Settings, path: str) -> Any:
    address = asked_address(settings)
    connection = connected(settings, address, _PATIENCE_S)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {settings.token()}"})
        answer = connection.getresponse()
        if answer.status != http.client.OK:
            raise Unwell(f"{path} answers {answer.status}")
        return json.load(answer)
    except OSError as error:
        raise Unwell(f"{address} does not answer: {error}") from error
    finally:
        connection.close()


def main() -> int:
    """Look once; exit status 0 is healthy."""
    try:
        sys.stdout.write(healthy(sys.argv[1], settings_from_environment()) + "\n")
    except (Unwell, SettingsError) as error:
        sys.stdout.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
