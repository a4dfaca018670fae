"""host.rotate_logs: compress what grew too large, keep a few, lose no line.

A writer keeps its descriptor, so a log is not moved: its whole blocks are copied into a compressed
archive, and then taken off its front in one atomic step. What was written meanwhile stays.
"""

from __future__ import annotations

import asyncio
import gzip
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.configuration import Housekeeping
from processors.executors.actions.cutting import (
    blocks_before_end,
    can_cut,
    insert_front,
    take_front,
)
from processors.executors.actions.files import log_files
from processors.executors.actions.worker import Worker
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
        self._worker = Worker()

    async def preview(self) -> str:
        """Return the files that would be rotated, with their sizes."""
        large = self._large()
        if not large:
            limit = self._rules.rotate_above_mb
            raise NotPossible("not_needed", f"no declared log is larger than {limit} MB")
        for path in large:
            if not can_cut(path.parent):
                detail = f"the file system of {path} cannot cut a file; let its writer rotate it"
                raise NotPossible("cannot_cut", detail)
        return "\n".join(f"compress {path} ({path.stat().st_size} bytes)" for path in large)

    async def run(self) -> Result:
        """Rotate off the event loop."""
        return await self._worker.do(self._run)

    async def verify(self) -> Result:
        """See that every archive can be read and is whole; after a crash, that no log is large."""
        return await asyncio.to_thread(self._verify)

    async def undo(self) -> Result | None:
        """Put the archived lines back in front of what was written since."""
        await self._worker.stop()
        return await asyncio.to_thread(self._undo) if self._rotated else None

    def _large(self) -> list[Path]:
        limit = self._rules.rotate_above_mb * MB
        return [path for path in log_files(self._rules.log_globs) if path.stat().st_size > limit]

    def _run(self) -> Result:
        for path in self._large():
            size = blocks_before_end(path)
            if size:
                archive = self._archive(path, size)
                # From here on a crash leaves lines twice, never none.
                take_front(path, size)
                self._rotated.append(_Rotated(path, archive, size))
        freed = sum(one.size - one.archive.stat().st_size for one in self._rotated)
        evidence = {"files": [str(one.path) for one in self._rotated], "bytes_freed": freed}
        return Result(True, f"rotated {len(self._rotated)} logs, freed {freed} bytes", evidence)

    def _archive(self, path: Path, size: int) -> Path:
        """Return archive 1 of `path`, holding its first `size` bytes, on disk."""
        fresh = path.with_name(f"{path.name}.rotating.gz")
        try:
            self._compress(path, fresh, size)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
        _shift(path, self._rules.keep_rotated)
        return fresh.rename(path.with_name(f"{path.name}.1.gz"))

    def _compress(self, path: Path, archive: Path, size: int) -> None:
        with archive.open("wb") as file:
            with path.open("rb") as log, gzip.GzipFile(fileobj=file, mode="wb") as packed:
                while size:
                    self._worker.go_on()
                    block = log.read(min(MB, size))
                    packed.write(block)
                    size -= len(block)
            file.flush()
            os.fsync(file.fileno())

    def _verify(self) -> Result:
        if not self._rotated:
            large = ", ".join(map(str, self._large()))
            limit = f"{self._rules.rotate_above_mb} MB"
            return Result(not large, f"larger than {limit}: {large or 'no declared log'}")
        for one in self._rotated:
            with gzip.open(one.archive) as archive:
                size = sum(len(block) for block in iter(lambda: archive.read(MB), b""))
            if size != one.size:
                return Result(False, f"{one.archive} holds {size} of {one.size} bytes")
        return Result(True, f"{len(self._rotated)} archives are whole")

    def _undo(self) -> Result:
        for one in self._rotated:
            insert_front(one.path, one.size)
            with gzip.open(one.archive) as archive, one.path.open("r+b") as log:
                shutil.copyfileobj(archive, log)
                log.flush()
                os.fsync(log.fileno())
            one.archive.unlink()
        return Result(True, f"restored {len(self._rotated)} logs")


def _shift(path: Path, keep: int) -> None:
    """Make room for archive 1: each moves one up, the oldest goes."""
    path.with_name(f"{path.name}.{keep}.gz").unlink(missing_ok=True)
    for number in range(keep - 1, 0, -1):
        old = path.with_name(f"{path.name}.{number}.gz")
        if old.exists():
            old.rename(path.with_name(f"{path.name}.{number + 1}.gz"))
