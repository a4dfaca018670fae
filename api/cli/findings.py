"""`homeostat findings`: what is wrong, and why."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from api.cli import completing
from api.cli.client import Client
from api.cli.options import Acknowledged, AsJson, AsOf, AssignedTo, Most, OfAgent
from api.cli.responses import looked_after
from api.cli.show import as_json, as_list, as_table, clock


def findings(
    finding: Annotated[
        str | None,
        typer.Argument(help="One finding's id: its chain.", autocompletion=completing.findings),
    ] = None,
    state: Annotated[str | None, typer.Option(help="open, ended or all.")] = "open",
    kind: Annotated[str | None, typer.Option(help="Such as service_down.")] = None,
    severity: Annotated[str | None, typer.Option(help="Such as critical.")] = None,
    agent: OfAgent = None,
    acknowledged: Acknowledged = None,
    assigned: AssignedTo = None,
    as_of: AsOf = None,
    limit: Most = 50,
    plain: AsJson = False,
) -> None:
    """List what is wrong, or show why: one finding's chain to its outcome."""
    client = Client.from_environment()
    if finding is not None:
        _chain(client.get(f"/findings/{finding}/chain"), plain=plain)
        return
    wanted = None if state == "all" else state
    asked: dict[str, Any] = {"state": wanted, "kind": kind, "severity": severity, "agent": agent}
    asked |= {"acknowledged": acknowledged, "assigned_to": assigned, "as_of": as_of}
    found = client.items("/findings", limit, **asked)
    columns = ("finding", "severity", "agent", "raised", "what", "summary")
    as_list(found, columns, _row, plain=plain)


def _row(f: dict[str, Any]) -> tuple[object, ...]:
    what = f"{f['kind']} {f['rule']}".rstrip()
    what += f", silenced by {f['silenced_by']}" if f["silence_id"] else ""
    judged = f["severity"], f["agent_id"], clock(f["raised_at"])
    what += f", looked after by {who}" if (who := looked_after(f)) else ""
    return f["finding_id"], *judged, what, f["summary"]


def _chain(found: dict[str, Any], *, plain: bool) -> None:
    if plain:
        as_json(found)
    else:
        as_table(("after ms", "event", "by", "detail"), map(_link, found["items"]))


def _link(e: dict[str, Any]) -> tuple[object, ...]:
    data = e["data"]
    told = data.get("summary") or data.get("detail") or data.get("action") or ""
    return e["total_ms"], e["type"], e["source"], told
