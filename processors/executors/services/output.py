"""Bounds what a service has written: its newest output stays, whatever it writes.

The service holds the file, so nothing is moved or shortened from behind: blocks are taken off the
front, or given back where the file system cannot (``fallocate``, FALLOC_FL_PUNCH_HOLE), or, where
it can do neither, the file is emptied. Source: fallocate(2).
"""

from __future__ import annotations

import os
from pathlib import Path

from processors.executors.actions.cutting import UNSUPPORTED, give_back_front, take_front


def size_on_disk(path: Path) -> int:
    """Return the bytes that a file takes; 0 where there is none."""
    try:
        return path.stat().st_blocks * 512
    except FileNotFoundError:
        return 0


def keep_newest(path: Path, kept: int) -> None:
    """Let go of all but the last `kept` bytes of a file, to a block."""
    block = os.statvfs(path).f_bsize
    length = max(0, path.stat().st_size - kept) // block * block
    for take in (take_front, give_back_front) if length else ():
        try:
            take(path, length)
        except OSError as error:
            if error.errno not in UNSUPPORTED:
                raise
        else:
            return
    if length:
        os.truncate(path, 0)
