"""host.clear_caches: empty the declared cache directories, by way of a trash."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from config.configuration import Housekeeping
from processors.executors.actions.files import size_of
from processors.executors.actions.worker import Worker
from processors.executors.executor import NotPossible, Result


class ClearCaches:
    """Move the content of declared caches to a trash; the trash is emptied once that is verified.

    Parameters
    ----------
    rules : Housekeeping
        Which directories; nothing else is ever touched.
    trash : Path
        A folder of this node, one subfolder an action.
    """

    def __init__(self, rules: Housekeeping, trash: Path) -> None:
        self._rules = rules
        self._trash = trash
        self._moved: list[tuple[Path, Path]] = []
        self._worker = Worker()

    async def preview(self) -> str:
        """Return the directories that would be emptied, with their sizes."""
        found = [(folder, size_of(folder)) for folder in self._folders()]
        if not any(size for _, size in found):
            raise NotPossible("not_needed", "no declared cache directory holds anything")
        return "\n".join(f"empty {folder} ({size} bytes)" for folder, size in found if size)

    async def run(self) -> Result:
        """Move everything into the trash, off the event loop."""
        return await self._worker.do(self._run)

    async def verify(self) -> Result:
        """See that the caches are empty, then empty the trash."""
        left = await asyncio.to_thread(lambda: sum(size_of(each) for each in self._folders()))
        if left:
            half_way = f"; what was moved is in {self._trash}" if self._trash.exists() else ""
            return Result(False, f"{left} bytes are left{half_way}")
        await asyncio.to_thread(shutil.rmtree, self._trash, ignore_errors=True)
        self._moved = []
        return Result(True, "the caches are empty")

    async def undo(self) -> Result | None:
        """Move everything back that is still in the trash, once nothing is moved there any more."""
        await self._worker.stop()
        return await asyncio.to_thread(self._undo)

    def _undo(self) -> Result | None:
        moved, self._moved = self._moved, []
        for origin, kept in reversed(moved):
            if not origin.exists():
                shutil.move(kept, origin)
        return Result(True, f"put back {len(moved)} entries") if moved else None

    def _folders(self) -> list[Path]:
        return [f for f in self._rules.cache_directories if f.is_dir() and not f.is_symlink()]

    def _run(self) -> Result:
        freed = 0
        for number, folder in enumerate(self._folders()):
            freed += size_of(folder)
            bin_ = self._trash / str(number)
            bin_.mkdir(parents=True, exist_ok=True)
            for entry in list(folder.iterdir()):
                self._worker.go_on()
                shutil.move(entry, bin_ / entry.name)
                self._moved.append((entry, bin_ / entry.name))
        return Result(True, f"moved {len(self._moved)} entries", {"bytes_freed": freed})
