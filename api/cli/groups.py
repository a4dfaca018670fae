"""`homeostat groups`: the fleet by what agents can do, are, or how well they work."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from api.cli.client import Client
from api.cli.options import AsJson
from api.cli.show import as_list


def groups(
    by: Annotated[
        str,
        typer.Argument(
            help="capability, protocol, type, status, health, performance, security or label."
        ),
    ] = "capability",
    label: Annotated[str, typer.Option(help="The label's name, to group by that.")] = "",
    plain: AsJson = False,
) -> None:
    """Count the fleet in groups, each with how its agents are and how well they work."""
    asked = {"by": "label" if label else by, "label": label or None}
    found = Client.from_environment().get("/fleet/groups", **asked)["items"]
    as_list(found, ("group", "agents", "health", "performance"), _row, plain=plain)


def _row(group: dict[str, Any]) -> tuple[object, ...]:
    return group["value"], group["agents"], _counts(group["health"]), _counts(group["performance"])


def _counts(found: dict[str, int]) -> str:
    ordered = sorted(found.items(), key=lambda each: (-each[1], each[0]))
    return ", ".join(f"{number} {level}" for level, number in ordered)
