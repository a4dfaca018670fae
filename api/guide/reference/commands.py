"""Every command with its arguments, options and exit statuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from api.cli import client
from api.cli.commands import app
from api.guide.reference.docstrings import constants, markdown
from api.guide.reference.tables import code, shown, table


def commands_part() -> Iterator[str]:
    """Give the lines about the command line."""
    yield from ("## Commands", "", "`homeostat COMMAND --help` says the same.", "")
    told = constants(client)
    statuses = [("0", "Done; the answer is yes.")]
    statuses += [(str(getattr(client, name)), told[name]) for name in ("NO", "USAGE", "AWAY")]
    statuses += [(str(client.REFUSED), told["REFUSED"])]
    yield from table(("exit status", "meaning"), statuses)
    yield from _group("homeostat", typer.main.get_command(app))


def _group(path: str, group: Any) -> Iterator[str]:
    for name, command in sorted(group.commands.items()):
        if hasattr(command, "commands"):
            yield from _group(f"{path} {name}", command)
        else:
            yield from _command(f"{path} {name}", command)


def _command(path: str, command: Any) -> Iterator[str]:
    yield from (f"### `{path}`", "", markdown(command.help or ""), "")
    rows = [_row(each) for each in command.params if each.name != "help"]
    if rows:
        yield from table(("argument or option", "type", "default", "meaning"), rows)


def _row(parameter: Any) -> tuple[str, str, str, str]:
    is_option = parameter.param_type_name == "option"
    named = ", ".join(parameter.opts) if is_option else parameter.name.upper()
    flag = getattr(parameter, "is_flag", False)
    repeated = " (repeatable)" if getattr(parameter, "multiple", False) else ""
    default = "required" if parameter.required else "-" if flag else shown(parameter.default)
    kind = "switch" if flag else _kind(parameter.type) + repeated
    return code(named), kind, default, markdown(parameter.help or "")


def _kind(of: Any) -> str:
    least, most = getattr(of, "min", None), getattr(of, "max", None)
    limits = [f"from {least:g}"] if least is not None else []
    limits += [f"to {most:g}"] if most is not None else []
    name = {"int range": "whole number", "float range": "number", "str": "text"}
    return " ".join([name.get(of.name, of.name) + ("," if limits else ""), *limits])
