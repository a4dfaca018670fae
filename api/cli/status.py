"""`homeostat status`: everything in a few lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import typer

from api.cli.client import NO, Client
from api.cli.options import AsJson
from api.cli.show import as_json, as_table, say

_MOST: Final = 1000
"""Of a list that is read; a large fleet that loses its network has more findings."""


def status(plain: AsJson = False) -> None:
    """Tell in a few lines how everything is; exit status 1 if something is not well."""
    client = Client.from_environment()
    health = client.get("/system/health")
    if health["components"]["database"]["status"] != "ok":
        _parts_alone(health, plain=plain)
        raise typer.Exit(NO)
    fleet = client.get("/fleet")
    findings = client.items("/findings", _MOST, state="open")
    waiting = client.items("/actions", _MOST, state="awaiting")
    incidents = client.items("/incidents", _MOST, status="active")
    silenced = sum(bool(finding["silence_id"]) for finding in findings)
    well = health["status"] == "ok" and len(findings) == silenced
    if plain:
        as_json(
            {
                "well": well,
                "system": health,
                "agents": len(fleet["agent_id"]),
                "failing": fleet["health"].count("failing"),
                "open_findings": findings,
                "silenced": silenced,
                "awaiting": waiting,
                "active_incidents": incidents,
                "complete": all(len(each) < _MOST for each in (findings, waiting, incidents)),
            }
        )
    else:
        say(f"{len(fleet['agent_id'])} agents, {fleet['health'].count('failing')} failing")
        asking = sum(not incident["withheld"] for incident in incidents)
        told = f"active incidents {_counted(asking, incidents)}, "
        told += f"open findings {_counted(len(findings) - silenced, findings)}"
        say(f"{told}; silenced findings {silenced}" if silenced else told)
        say(f"{_counted(len(waiting), waiting)} actions wait for a person")
        _parts(health)
    raise typer.Exit(0 if well else NO)


def _counted(number: int, among: Sequence[Any]) -> str:
    """Return a number found in a list that may not hold all.

    Examples
    --------
    >>> _counted(3, [None] * 5), _counted(998, [None] * 1000)
    ('3', '998 or more')
    """
    return f"{number} or more" if len(among) == _MOST else str(number)


def _parts_alone(health: dict[str, Any], *, plain: bool) -> None:
    """Say how the parts are while nothing else can be read."""
    if plain:
        as_json({"well": False, "system": health})
    else:
        say("the views cannot be read now, so nothing is known of agents and findings")
        _parts(health)


def _parts(health: dict[str, Any]) -> None:
    parts = health["components"].items()
    as_table(("part", "state", "detail"), ((n, p["status"], p["detail"]) for n, p in parts))
