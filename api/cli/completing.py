"""What a shell completes: scripts for the shell, and ids that the API knows.

A shell waits for it at every press of a key, so the API is asked once and for a moment only, and
whatever goes wrong completes nothing and says nothing.
"""

from __future__ import annotations

import http.client
import json
import sys
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from api.cli.address import connected
from api.cli.client import USAGE, CommandError, place

SHELLS: Final = ("bash", "zsh", "fish")
INSTALL: Final = "--install-completion"
SHOW: Final = "--show-completion"
_NAME: Final = "homeostat"
_VARIABLE: Final = "_HOMEOSTAT_COMPLETE"
_PATIENCE_S: Final = 0.5
_MOST: Final = 200

Completed = list[tuple[str, str]]


def for_shell(option: str, shell: str) -> None:
    """Install the completion for a shell that is named, or print it."""
    from typer._completion_shared import get_completion_script, install

    if shell not in SHELLS:
        raise CommandError(USAGE, f"{option} {shell}: use one of {', '.join(SHELLS)}")
    if option == SHOW:
        script = get_completion_script(prog_name=_NAME, complete_var=_VARIABLE, shell=shell)
        sys.stdout.write(f"{script}\n")
    else:
        _, path = install(shell, _NAME, _VARIABLE)
        sys.stdout.write(f"{path} is installed; a new {shell} completes {_NAME}\n")


def agents(incomplete: str) -> Completed:
    """Return agents whose id begins so, with their status."""
    return _found("/agents", incomplete, "agent_id", _agent, text=incomplete)


def services(incomplete: str) -> Completed:
    """Return services whose id begins so."""
    return _found("/agents", incomplete, "agent_id", _agent, text=incomplete, type="service")


def actions(incomplete: str) -> Completed:
    """Return actions whose id begins so, the newest."""
    return _found("/actions", incomplete, "action_id", _action)


def waiting(incomplete: str) -> Completed:
    """Return actions that wait for a person, whose id begins so."""
    return _found("/actions", incomplete, "action_id", _action, state="awaiting")


def findings(incomplete: str) -> Completed:
    """Return findings whose id begins so, the newest."""
    return _found("/findings", incomplete, "finding_id", lambda f: str(f["summary"]))


def incidents(incomplete: str) -> Completed:
    """Return incidents whose id begins so, the newest."""
    return _found("/incidents", incomplete, "incident_id", lambda i: str(i["title"]))


def silences(incomplete: str) -> Completed:
    """Return silences that are not over, whose id begins so."""
    return _found(
        "/silences", incomplete, "silence_id", lambda s: str(s["reason"]), state="standing"
    )


def letters(incomplete: str) -> Completed:
    """Return dead letters whose id begins so, the newest."""
    return _found("/dead-letters", incomplete, "event_id", lambda e: str(e["reason"]))


def _agent(found: dict[str, Any]) -> str:
    return f"{found['status']}, {found['health']['level']}"


def _action(found: dict[str, Any]) -> str:
    return f"{found['action']} for {found['agent_id']}: {found['state']}"


def _found(
    path: str, begins: str, key: str, help_of: Callable[[dict[str, Any]], str], **asked: str
) -> Completed:
    asked = {name: value for name, value in asked.items() if value}
    try:
        items = _ask(f"{path}?{urlencode(asked | {'limit': str(_MOST)})}")
    except (CommandError, OSError, http.client.HTTPException, ValueError, KeyError):
        return []  # nobody asked for a message between two letters of a word
    return [(each[key], help_of(each)) for each in items if each[key].startswith(begins)]


def _ask(path: str) -> list[dict[str, Any]]:
    from config.settings import settings_from_environment

    base, token = place()
    address = urlsplit(base)
    connection = connected(settings_from_environment(), base, _PATIENCE_S)
    try:
        headers = {"Authorization": f"Bearer {token}"}
        connection.request("GET", f"{quote(address.path)}/api/v1{path}", headers=headers)
        items: list[dict[str, Any]] = json.load(connection.getresponse())["items"]
    finally:
        connection.close()
    return items
