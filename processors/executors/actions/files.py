"""Files that host actions may touch: resolved, contained, never through a symbolic link."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path


def log_files(globs: Sequence[str]) -> Iterator[Path]:
    """Yield the regular files that the declared patterns name, symbolic links left out."""
    for pattern in globs:
        for name in sorted(glob.iglob(pattern, recursive=True)):  # noqa: PTH207 - whole paths are given
            path = Path(name)
            if path.is_file() and not path.is_symlink() and path.suffix != ".gz":
                yield path


def size_of(folder: Path) -> int:
    """Return the bytes of all regular files below `folder`, links not followed."""
    return sum(
        path.lstat().st_size
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    )
