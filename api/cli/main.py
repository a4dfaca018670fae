"""The `homeostat` command.

`up` and the roles are dispatched before anything heavy is imported: what runs for weeks should
not carry a command-line framework.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Final

COMPLETING: Final = "_HOMEOSTAT_COMPLETE"
"""Set by a shell that completes a word, and waits for it."""


def main() -> int:
    """Run the command in ``sys.argv``; return its exit status."""
    if sys.argv[1:] == ["up"]:
        from api.cli.up import up

        return up()
    if sys.argv[1:2] == ["role"] and len(sys.argv) == 3 and not sys.argv[2].startswith("-"):
        from api.cli.roles import ROLES, run_role

        if sys.argv[2] in ROLES:
            return run_role(sys.argv[2])
    from api.cli import completing
    from api.cli.client import AWAY, USAGE, CommandError
    from api.cli.commands import app

    _speak_anyhow()
    if COMPLETING in os.environ:
        app()
        return 0
    from config.settings import SettingsError

    try:
        if len(sys.argv) == 3 and sys.argv[1] in (completing.INSTALL, completing.SHOW):
            completing.for_shell(*sys.argv[1:])
            return 0
        app()
    except (CommandError, SettingsError) as error:
        sys.stderr.write(f"homeostat: {error}\n")
        return error.status if isinstance(error, CommandError) else USAGE
    except OSError as error:
        sys.stderr.write(f"homeostat: {error}\n")
        # What could not be written is not tried again at the end, which would be another failure.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return AWAY
    return 0


def _speak_anyhow() -> None:
    """Escape what the terminal has no letters for, rather than fail at it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
