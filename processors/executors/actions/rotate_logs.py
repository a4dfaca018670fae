"""host.rotate_logs: compress what grew too large, keep a few, lose no line.

A writer keeps its descriptor, so the file is copied into a compressed one and cut by as much as
was copied. What was written meanwhile stays.
"""

from __future__ import annotations

import asyncio
import gzip
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.settings import Housekeeping
from processors.executors.actions.files import log_files
from processors.executors.executor import NotPossible, Result

MB: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class _Rotated:
    path: Path
    archive: Path
    size: int


class RotateLogs:
    """Rotate every declared log above the limit.

    Parameters
    ----------
    rules : Housekeeping
        Which files, above which size, and how many archives of each are kept.
    """

    def __init__(self, rules: Housekeeping) -> None:
        self._rules = rules
        self._rotated: list[_Rotated] = []

    async def preview(self) -> str:
        """Return the files that would be rotated, with their sizes."""
        large = self._large()
        if not large:
            limit = self._rules.rotate_above_mb
            raise NotPossible("not_needed", f"no declared log is larger than {limit} MB")
        return "\n".join(f"compress {path} ({path.stat().st_size} bytes)" for path in large)

    async def run(self) -> Result:
        """Rotate off the event loop."""
        return await asyncio.to_thread(self._run)

    async def verify(self) -> Result:
        """See that every archive can be read and no log is too large any more."""
        return await asyncio.to_thread(self._verify)

    async def undo(self) -> Result | None:
        """Put the archived lines back in front of what was written since."""
        return await asyncio.to_thread(self._undo) if self._rotated else None

    def _large(self) -> list[Path]:
        limit = self._rules.rotate_above_mb * MB
        return [path for path in log_files(self._rules.log_globs) if path.stat().st_size > limit]

    def _run(self) -> Result:
        for path in self._large():
            _shift(path, self._rules.keep_rotated)
            archive = path.with_name(f"{path.name}.1.gz")
            size = _compress(path, archive)
            _cut_front(path, size)
            self._rotated.append(_Rotated(path, archive, size))
        freed = sum(one.size - one.archive.stat().st_size for one in self._rotated)
        evidence = {"files": [str(one.path) for one in self._rotated], "bytes_freed": freed}
        return Result(True, f"rotated {len(self._rotated)} logs, freed {freed} bytes", evidence)

    def _verify(self) -> Result:
        for one in self._rotated:
            with gzip.open(one.archive) as archive:
                size = sum(len(block) for block in iter(lambda: archive.read(MB), b""))
            if size != one.size:
                return Result(False, f"{one.archive} holds {size} of {one.size} bytes")
        return Result(True, f"{len(self._rotated)} archives are whole")

    def _undo(self) -> Result:
        for one in self._rotated:
            since = one.path.read_bytes()
            with gzip.open(one.archive) as archive, one.path.open("r+b") as log:
                shutil.copyfileobj(archive, log)
                log.write(since)
            one.archive.unlink()
        return Result(True, f"restored {len(self._rotated)} logs")


def _shift(path: Path, keep: int) -> None:
    """Make room for archive 1: each moves one up, the oldest goes."""
    path.with_name(f"{path.name}.{keep}.gz").unlink(missing_ok=True)
    for number in range(keep - 1, 0, -1):
        old = path.with_name(f"{path.name}.{number}.gz")
        if old.exists():
            old.rename(path.with_name(f"{path.name}.{number + 1}.gz"))


def _compress(path: Path, archive: Path) -> int:
    size = 0
    with path.open("rb") as log, gzip.open(archive, "wb", compresslevel=6) as packed:
        while block := log.read(MB):
            packed.write(block)
            size += len(block)
    descriptor = os.open(archive, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    return size


def _cut_front(path: Path, size: int) -> None:
    """Remove the first `size` bytes; what was appended meanwhile moves to the front."""
    with path.open("r+b") as log:
        log.seek(size)
        since = log.read()
        log.seek(0)
        log.write(since)
        log.truncate()
