"""The repository's own files, as version control lists them."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("api", "config", "processors", "projections", "streams")


def kept_files() -> list[Path]:
    """Return every file that is or would be committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    paths = (ROOT / name for name in listed.split("\0") if name)
    return [path for path in paths if path.is_file()]


def modules() -> list[Path]:
    """Return the Python files of the packages."""
    return [p for package in PACKAGES for p in sorted((ROOT / package).rglob("*.py"))]
