"""Takes blocks off the front of a file that is being written, atomically.

Copying a log and truncating it loses what is written between the two. Linux can take whole blocks
out of a file in one step instead (``fallocate``, FALLOC_FL_COLLAPSE_RANGE), with the inode locked
against writers, and put room back in front (FALLOC_FL_INSERT_RANGE). Source: fallocate(2).
"""

from __future__ import annotations

import ctypes
import errno
import os
import tempfile
from pathlib import Path
from typing import Final

_COLLAPSE_RANGE: Final = 0x08
_INSERT_RANGE: Final = 0x20
_PUNCH_HOLE_KEEP_SIZE: Final = 0x02 | 0x01
UNSUPPORTED: Final = frozenset({errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})
"""What a file system answers that cannot do it."""


def blocks_before_end(path: Path) -> int:
    """Return the bytes of the whole blocks in front of the file's last one.

    The end itself cannot be taken: a file keeps at least one byte.
    """
    block = os.statvfs(path).f_bsize
    return max(0, path.stat().st_size - 1) // block * block


def can_cut(folder: Path) -> bool:
    """Say whether the file system of `folder` can take blocks out of a file."""
    block = os.statvfs(folder).f_bsize
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"\0" * (2 * block))
        file.flush()
        try:
            _fallocate(file.fileno(), _COLLAPSE_RANGE, block)
        except OSError as error:
            if error.errno in UNSUPPORTED:
                return False
            raise
    return True


def take_front(path: Path, length: int) -> None:
    """Take the first `length` bytes, a multiple of the block size, out of the file."""
    _change(path, _COLLAPSE_RANGE, length)


def give_back_front(path: Path, length: int) -> None:
    """Free the blocks of the first `length` bytes, which read as zeros from then on."""
    _change(path, _PUNCH_HOLE_KEEP_SIZE, length)


def insert_front(path: Path, length: int) -> None:
    """Put `length` zero bytes, a multiple of the block size, in front of the file's content."""
    _change(path, _INSERT_RANGE, length)


def _change(path: Path, mode: int, length: int) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        _fallocate(descriptor, mode, length)
    finally:
        os.close(descriptor)


def _fallocate(descriptor: int, mode: int, length: int) -> None:
    call = ctypes.CDLL(None, use_errno=True).fallocate
    call.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
    if call(descriptor, mode, 0, length) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
