"""How a process that folds large states deals with memory: set once, when it begins."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
"""Numbers of `mallopt`, from glibc's malloc.h."""
_KEPT: Final = 64 << 20
"""Bytes that the allocator keeps for the next fold instead of giving them back at once."""
_YOUNG: Final = 50_000
_OLDEST: Final = 50
"""Collections of the middle generation until the oldest is walked as well."""


def prepare() -> None:
    """Keep memory at hand between two folds, and look for garbage seldom.

    The arrays of one fold are larger than what glibc keeps by itself: it would hand their pages
    back after each fold, and the kernel would blank them anew for the next, which costs as much as
    the sums. And a fleet is millions of living objects, none of them in a cycle: to walk them at
    every 700 new ones finds nothing.
    """
    gc.set_threshold(_YOUNG, 20, _OLDEST)
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(_MMAP_THRESHOLD, _KEPT)
        libc.mallopt(_TRIM_THRESHOLD, _KEPT)


def spare() -> None:
    """Let the collector pass over what lives by now: it is freed as ever once nobody refers to it.

    To walk the states of half a million agents takes seconds, and no other thread runs meanwhile,
    not even the one that keeps up the membership.
    """
    gc.freeze()


def spare_in_time() -> None:
    """Spare what lives where the oldest objects are about to be walked; to be called often."""
    if gc.get_count()[2] > _OLDEST // 2:
        spare()


@contextmanager
def uncollected() -> Iterator[None]:
    """Collect nothing while a state is made of its bytes, of which nothing can be garbage."""
    gc.disable()
    try:
        yield
    finally:
        spare()
        gc.enable()
