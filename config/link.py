"""Make this checkout importable in its virtual environment, and link the `homeostat` command.

Equivalent to an editable install, without a build back end: nothing but the locked packages is
fetched.
"""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

_COMMAND = """#!{python}
import sys

from api.cli.main import main

sys.exit(main())
"""


def link(root: Path) -> None:
    """Write the path file and the command for the checkout at `root`."""
    packages = Path(sysconfig.get_path("purelib"))
    (packages / "homeostat.pth").write_text(f"{root}\n", encoding="utf-8")
    command = Path(sysconfig.get_path("scripts")) / "homeostat"
    command.write_text(_COMMAND.format(python=sys.executable), encoding="utf-8")
    command.chmod(0o755)


if __name__ == "__main__":
    link(Path(__file__).resolve().parent.parent)
