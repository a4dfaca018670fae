"""The `homeostat` command.

`up` and the roles are dispatched before anything heavy is imported: what runs for weeks should
not carry a command-line framework.
"""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command in ``sys.argv``; return its exit status."""
    if sys.argv[1:] == ["up"]:
        from api.cli.up import up

        return up()
    if sys.argv[1:2] == ["role"] and len(sys.argv) == 3 and not sys.argv[2].startswith("-"):
        from api.cli.roles import ROLES, run_role

        if sys.argv[2] in ROLES:
            return run_role(sys.argv[2])
    from api.cli.client import USAGE, CommandError
    from api.cli.commands import app
    from config.settings import SettingsError

    try:
        app()
    except (CommandError, SettingsError) as error:
        sys.stderr.write(f"homeostat: {error}\n")
        return error.status if isinstance(error, CommandError) else USAGE
    return 0
