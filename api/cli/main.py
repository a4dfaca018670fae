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
    from api.cli.commands import app

    app()
    return 0
