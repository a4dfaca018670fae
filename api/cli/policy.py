"""`homeostat policy`: the one in force, another one, and what differs between two."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from api.cli.client import NO, USAGE, Client, CommandError
from api.cli.options import AsJson
from api.cli.policy_diff import changes
from api.cli.policy_news import HINT
from api.cli.policy_shipped import keep, news, shipped, take
from api.cli.show import as_json, as_receipt, clock, note, say
from api.cli.what_if import what_if

_ALL: Final = 100_000
_WEIGHTY: Final = (
    ("actions", ("actions",), "none is taken"),
    ("thresholds", ("surveillance", "thresholds"), "none is held to"),
    ("threats", ("surveillance", "threats"), "none is looked for"),
)
"""What nobody leaves out unless by mistake: by which words, where, and what then is."""


class Shortened(typer.core.TyperGroup):
    """Lets `policy` stand for `policy show`, and `policy FILE` for `policy apply FILE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Name the command that is meant where none is named."""
        named = args and (args[0] in self.commands or args[0] == "--help")
        if not named and not ctx.resilient_parsing:  # a shell that completes means none yet
            file = any(not each.startswith("-") for each in args)
            args = ["apply" if file else "show", *args]
        parsed: list[str] = super().parse_args(ctx, args)
        return parsed


policy = typer.Typer(
    name="policy",
    cls=Shortened,
    help="What counts as wrong, and what may be done about it: one document, with a version. "
    "Without a command it is shown; a FILE is put in force.",
)
policy.command("what-if")(what_if)
for each in (shipped, take, keep):
    policy.command()(each)


@policy.command()
def show(plain: AsJson = False) -> None:
    """Print the policy in force as YAML."""
    import yaml

    client = Client.from_environment()
    found = client.get("/policy")
    if plain:
        as_json(found)
    else:
        say(yaml.safe_dump(found["policy"], sort_keys=False).rstrip())
        if told := news(client):
            note(f"homeostat: {told}; {HINT}")


@policy.command()
def apply(
    file: Annotated[Path, typer.Argument(help="A whole policy to put in force.")],
    reason: Annotated[str, typer.Option(help="Why it changes.")] = "",
    plain: AsJson = False,
) -> None:
    """Put the policy in FILE in force."""
    if not reason:
        raise CommandError(USAGE, "say why with --reason; it stays on record")
    client, wanted = Client.from_environment(), _read(file)
    before = client.get("/policy")["policy"]
    receipt = client.send("PUT", "/policy", {"policy": wanted, "reason": reason})
    as_receipt(receipt, f"version {receipt['version']} is in force", plain=plain)
    for told in emptied(before, wanted):
        note(f"homeostat: {file} {told}; `homeostat policy show` prints what is in force, whole")


@policy.command()
def diff(
    before: Annotated[
        str | None, typer.Option("--from", help="A version. Default: the one before.")
    ] = None,
    after: Annotated[
        str | None,
        typer.Option("--to", help="A version, a file, or `shipped`. Default: in force."),
    ] = None,
    plain: AsJson = False,
) -> None:
    """Show what differs between two policies; exit status 1 where something does.

    A file, or what this release ships (`shipped`), is compared with the policy in force, or with
    the version that --from names.
    """
    client = Client.from_environment()
    second = _other(client, after)
    first = _version(client, before) if before else _earlier(client, second)
    found = changes(first["policy"], second["policy"])
    if plain:
        told = [change._asdict() for change in found]
        as_json({"from": _head(first), "to": _head(second), "changes": told})
    else:
        say(f"from {_title(first)}")
        say(f"to {_title(second)}")
        for change in found:
            say(change.line())
    raise typer.Exit(NO if found else 0)


def emptied(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """Yield what is wholly gone of a policy, as keys that are left out have their type's defaults.

    Examples
    --------
    >>> list(emptied({"actions": {"service.restart": {}}}, {"limits": {"simulation": True}}))
    ['has no actions, of which 1 was in force: none is taken any more']
    """
    for name, place, none in _WEIGHTY:
        had, has = before, after
        for key in place:
            had, has = had.get(key) or {}, has.get(key) or {}
        if had and not has:
            was = "was" if len(had) == 1 else "were"
            yield f"has no {name}, of which {len(had)} {was} in force: {none} any more"


def _other(client: Client, wanted: str | None) -> dict[str, Any]:
    if wanted == "shipped":
        plain = client.get("/policy/shipped")["policy"]
        return {"version": None, "file": "what this release ships", "policy": plain}
    return _of_file(wanted) if wanted and not wanted.isdigit() else _version(client, wanted)


def _version(client: Client, wanted: str | None) -> dict[str, Any]:
    current: dict[str, Any] = client.get("/policy")
    if wanted is None or wanted == str(current["version"]):
        return current
    if not wanted.isdigit():
        raise CommandError(USAGE, f"{wanted!r} is no version; give a number, such as 3")
    for found in _history(client):
        if found["version"] == int(wanted):
            return found
    raise CommandError(NO, f"no policy had version {wanted}")


def _earlier(client: Client, second: dict[str, Any]) -> dict[str, Any]:
    """Return what a policy is compared with: the one before it, or of a file that in force."""
    if second["version"] is None:
        return _version(client, None)
    before = [each for each in _history(client) if each["version"] < second["version"]]
    if not before:
        raise CommandError(NO, f"version {second['version']} is the first")
    return max(before, key=lambda each: int(each["version"]))


def _history(client: Client) -> list[dict[str, Any]]:
    """Return every policy that was ever in force, as its event tells it."""
    events = client.items("/events", _ALL, type="policy.changed")
    return [event["data"] | {"changed_at": event["time"]} for event in events]


def _of_file(name: str) -> dict[str, Any]:
    import msgspec

    from config.policy import PolicyError, policy_from

    try:
        found = policy_from(_read(Path(name)), name)
    except PolicyError as error:
        raise CommandError(USAGE, str(error)) from error
    plain = msgspec.json.decode(msgspec.json.encode(found))  # lists, as the API tells them
    return {"version": None, "file": name, "policy": plain}


def _read(file: Path) -> Any:
    import yaml

    from config.given import FITTING, unfit

    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CommandError(USAGE, f"{file}: {error}") from error
    if not isinstance(found, dict):
        detail = "it is no policy; `homeostat policy show` prints one to begin with"
        raise CommandError(USAGE, f"{file}: {detail}")
    if odd := unfit(found):
        raise CommandError(USAGE, f"{file}: {odd}; {FITTING}")
    return found


def _head(found: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name != "policy"}


def _title(found: dict[str, Any]) -> str:
    if found["version"] is None:
        return str(found["file"])
    why = f": {found['reason']}" if found["reason"] else ""
    at, who = clock(found["changed_at"]), found["changed_by"]
    return f"version {found['version']}, {at} by {who}{why}"
