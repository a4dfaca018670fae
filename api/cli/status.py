"""`homeostat status`: everything in a few lines."""

from __future__ import annotations

from typing import Any

import typer

from api.cli.client import NO, Client
from api.cli.options import AsJson
from api.cli.show import as_json, as_table, say


def status(plain: AsJson = False) -> None:
    """Tell in a few lines how everything is; exit status 1 if something is not well."""
    client = Client.from_environment()
    health = client.get("/system/health")
    if health["components"]["database"]["status"] != "ok":
        _parts_alone(health, plain=plain)
        raise typer.Exit(NO)
    fleet = client.get("/fleet")
    findings = client.items("/findings", 1000, state="open")
    waiting = client.items("/actions", 1000, state="awaiting")
    incidents = client.items("/incidents", 1000, status="active")
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
            }
        )
    else:
        say(f"{len(fleet['agent_id'])} agents, {fleet['health'].count('failing')} failing")
        asking = sum(not incident["withheld"] for incident in incidents)
        told = f"active incidents {asking}, open findings {len(findings) - silenced}"
        say(f"{told}; silenced findings {silenced}" if silenced else told)
        say(f"{len(waiting)} actions wait for a person")
        _parts(health)
    raise typer.Exit(0 if well else NO)


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
