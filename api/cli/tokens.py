"""`homeostat tokens`: who may do what, and until when."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

import typer

from api.cli.client import USAGE, Client, CommandError
from api.cli.options import AsJson
from api.cli.show import as_json, as_list, clock, say
from api.identity.roles import EVERY_TENANT, Role

tokens = typer.Typer(name="tokens", help="Who may do what, and until when.", no_args_is_help=True)
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
Tenant = Annotated[
    str | None,
    typer.Option(help="A tenant; '*' is the whole installation. Default: the token's own."),
]


def seconds(text: str) -> int:
    """Return a duration such as ``30d`` in seconds.

    Raises
    ------
    CommandError
        Where it is none.

    Examples
    --------
    >>> seconds("30d"), seconds("90m")
    (2592000, 5400)
    """
    found = re.fullmatch(r"([1-9][0-9]{0,8})([smhd])", text)
    if found is None:
        detail = f"{text!r} is no duration; write a number and s, m, h or d, such as 30d"
        raise CommandError(USAGE, detail)
    return int(found[1]) * _UNITS[found[2]]


@tokens.command()
def create(
    name: Annotated[
        str, typer.Option(help="Who holds it; the name is on record with all that they do.")
    ],
    role: Annotated[Role, typer.Option(help="What they may do.")],
    tenant: Tenant = None,
    expires: Annotated[str, typer.Option(help="How long it lasts, such as 12h or 30d.")] = "90d",
    plain: AsJson = False,
) -> None:
    """Create a token and print it, only this once; it is stored nowhere."""
    everywhere = tenant == EVERY_TENANT
    body = {"name": name, "role": role.value, "lasts_s": seconds(expires), "everywhere": everywhere}
    whose = {} if tenant is None or everywhere else {"tenant": tenant}
    given = Client.from_environment().send("POST", "/tokens", body, **whose)
    if plain:
        as_json(given)
    else:
        issued = given["issued"]
        say(given["token"])
        say(f"{issued['name']} is {issued['role']} until {clock(issued['expires_at'])}; "
            f"revoke it by its id {issued['token_id']}")  # fmt: skip


@tokens.command("list")
def list_(
    tenant: Tenant = None,
    every: Annotated[bool, typer.Option("--all", help="Also those that ended.")] = False,
    plain: AsJson = False,
) -> None:
    """List tokens, newest first, without their secrets, which are stored nowhere."""
    wanted = None if tenant == EVERY_TENANT else tenant
    state = None if every else "valid"
    found = Client.from_environment().get("/tokens", tenant=wanted, state=state)["items"]
    columns = ("token", "name", "role", "tenant", "state", "expires", "issued by")
    as_list(found, columns, _row, plain=plain)


def _row(token: dict[str, Any]) -> tuple[object, ...]:
    owner = EVERY_TENANT if token["everywhere"] else token["tenant"]
    return (
        token["token_id"] or "tokens.yaml", token["name"], token["role"], owner, token["state"],
        clock(token["expires_at"]), token["issued_by"],
    )  # fmt: skip


@tokens.command()
def revoke(
    token_id: Annotated[str, typer.Argument(help="Its id, as `tokens list` shows it.")],
    reason: Annotated[str, typer.Option(help="Why; it stays on record.")] = "",
    plain: AsJson = False,
) -> None:
    """End a token and the sessions begun with it, everywhere at once."""
    ended = Client.from_environment().delete(f"/tokens/{token_id}", reason=reason)
    if plain:
        as_json(ended)
    else:
        say(f"the token of {ended['name']} is revoked")
