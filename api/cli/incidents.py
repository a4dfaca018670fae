"""``homeostat incidents``: what is wrong as one thing, and one of them from beginning to end."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from api.cli import completing
from api.cli.client import Client
from api.cli.options import Acknowledged, AsJson, AsOf, AssignedTo, Most, OfAgent
from api.cli.responses import looked_after, say_responses
from api.cli.show import as_json, as_list, as_table, clock, say


def incidents(
    incident: Annotated[
        str | None,
        typer.Argument(help="One incident's id.", autocompletion=completing.incidents),
    ] = None,
    status: Annotated[
        str, typer.Option(help="active (not closed), open, recovering, closed or all.")
    ] = "active",
    severity: Annotated[str | None, typer.Option(help="Such as critical.")] = None,
    agent: OfAgent = None,
    acknowledged: Acknowledged = None,
    assigned: AssignedTo = None,
    as_of: AsOf = None,
    limit: Most = 50,
    plain: AsJson = False,
) -> None:
    """List what is wrong as one thing, or show one incident: its root, findings and timeline."""
    client = Client.from_environment()
    if incident is not None:
        found = client.get(f"/incidents/{incident}", as_of=as_of)
        if plain:
            as_json(found)
        else:
            _one(found)
        return
    wanted = None if status == "all" else status
    asked: dict[str, Any] = {"status": wanted, "severity": severity, "agent": agent, "as_of": as_of}
    asked |= {"acknowledged": acknowledged, "assigned_to": assigned}
    listed = client.items("/incidents", limit, **asked)
    columns = (
        "incident", "severity", "status", "opened", "agents", "open", "looked after by", "title"
    )  # fmt: skip
    as_list(listed, columns, _row, plain=plain)


def _row(i: dict[str, Any]) -> tuple[object, ...]:
    counted = i["agents"], f"{i['open_findings']} of {i['findings']}", looked_after(i)
    status = f"{i['status']}, silenced" if i["withheld"] else i["status"]
    return i["incident_id"], i["severity"], status, clock(i["opened_at"]), *counted, i["title"]


def _one(found: dict[str, Any]) -> None:
    say(f"{found['title']} ({found['severity']}, {found['status']})")
    ended = f"closed {clock(found['closed_at'])} {found['close_reason']}".rstrip()
    say(f"began {clock(found['since'])}, {ended}")
    say_responses(found)
    say("")
    as_table(
        ("likely root", "score", "why"),
        ((c["agent"], round(c["score"], 2), c["reason"]) for c in found["candidates"]),
    )
    say("")
    as_table(
        ("agent", "finding", "severity", "since", "ended", "because"),
        (
            (m["agent"], f"{m['kind']} {m['metric']}".rstrip(), m["severity"], clock(m["since"]),
             clock(m["ended_at"]), m["because"])
            for m in found["members"]
        ),
    )  # fmt: skip
    say("")
    as_table(
        ("at", "what", "agent", "text"),
        ((clock(t["at"]), t["what"], t["agent"], t["text"]) for t in found["timeline"]),
    )
