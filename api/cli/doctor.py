"""`homeostat doctor`: what could be wrong on this machine, and the remedy."""

from __future__ import annotations

from dataclasses import asdict

import typer

from api.cli.client import NO
from api.cli.options import AsJson
from api.cli.show import as_json, as_table


def doctor(plain: AsJson = False) -> None:
    """Check ports, versions, disk, memory, broker, database and clock; exit 1 on a failure."""
    from api.cli.checks import examine

    found = list(examine())
    if plain:
        as_json([asdict(check) for check in found])
    else:
        rows = ((c.state, c.name, c.detail, c.remedy) for c in found)
        as_table(("", "check", "found", "remedy"), rows)
    raise typer.Exit(NO if any(check.state == "fail" for check in found) else 0)
