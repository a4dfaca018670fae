"""Make this checkout importable in its virtual environment, and link the `homeostat` command.

Equivalent to an editable install, without a build back end: nothing but the locked packages is
fetched.
"""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path
from typing import Final

_COMMAND: Final = """{first}
import sys

from api.cli.main import main

sys.exit(main())
"""
_SHORT: Final = 127
"""Older kernels read no more of a first line."""


def first_line(python: str) -> str:
    """Return what has a script run by `python`.

    A kernel takes what stands behind a space for an argument, and cuts what is long. Then the
    shell starts Python, to which its line is a text that stands for nothing.

    Examples
    --------
    >>> first_line("/opt/homeostat/bin/python")
    '#!/opt/homeostat/bin/python'
    """
    plain = f"#!{python}"
    if " " not in python and len(plain.encode()) < _SHORT:
        return plain
    return f"""#!/bin/sh\n'''exec' "{python}" "$0" "$@"\n' '''"""


def path_line(root: str) -> str:
    r"""Return what has Python import from `root`, whatever the locale that it starts in.

    Examples
    --------
    >>> path_line("/opt/homeostat")
    '/opt/homeostat'
    >>> path_line("/opt/Gerät")
    "import sys; sys.path.append('/opt/Ger\\xe4t')"
    """
    return root if root.isascii() else f"import sys; sys.path.append({root!a})"


def link(root: Path) -> None:
    """Write the path file and the command for the checkout at `root`."""
    packages = Path(sysconfig.get_path("purelib"))
    (packages / "homeostat.pth").write_text(f"{path_line(str(root))}\n", encoding="ascii")
    command = Path(sysconfig.get_path("scripts")) / "homeostat"
    command.write_text(_COMMAND.format(first=first_line(sys.executable)), encoding="utf-8")
    command.chmod(0o755)


if __name__ == "__main__":
    link(Path(__file__).resolve().parent.parent)
