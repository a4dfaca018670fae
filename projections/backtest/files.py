"""Which files a backtest reads, and where each is answered: the folders are mirrored."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

_PACKED: Final = ".gz"
_ENDINGS: Final = (".csv", f".csv{_PACKED}")


class BacktestError(ValueError):
    """Input that cannot be read: names the file, the line, the column and the remedy."""


class Source(NamedTuple):
    """A file to read, and the path of its answer below the output folder."""

    path: Path
    relative: Path


def sources(paths: Sequence[Path], out: Path) -> list[Source]:
    """Return the files that `paths` name, those in folders by their relative paths.

    What lies below `out` are answers, and is not read again.

    Raises
    ------
    BacktestError
        Where there is none, two would be answered in one place, or one would be written over.
    """
    found = [source for path in paths for source in _below(path, out.resolve())]
    taken: dict[Path, Path] = {}
    for source in found:
        if source.relative in taken:
            both = f"{taken[source.relative]} and {source.path}"
            raise BacktestError(f"{both} would be answered in one file; give one folder at a time")
        taken[source.relative] = source.path
    _spare(found, out)
    return found


def _below(path: Path, out: Path) -> Iterator[Source]:
    if not path.is_dir():
        if not path.exists():
            raise BacktestError(f"{path}: there is no such file or folder")
        yield Source(path, Path(_unpacked(path)))
        return
    # A folder within `out` is meant itself.
    answers = None if path.resolve().is_relative_to(out) else out
    found = [each for each in sorted(path.rglob("*")) if _is_table(each, answers)]
    if not found:
        raise BacktestError(f"{path}: there is no CSV file in this folder")
    for each in found:
        yield Source(each, each.relative_to(path).with_name(_unpacked(each)))


def _is_table(path: Path, answers: Path | None) -> bool:
    if not path.name.lower().endswith(_ENDINGS):
        return False
    if path.exists() and not path.is_file():  # a folder, or a pipe that would be waited at
        return False
    return answers is None or not path.resolve().is_relative_to(answers)


def _unpacked(path: Path) -> str:
    return path.name[: -len(_PACKED)] if is_packed(path) else path.name


def is_packed(path: Path) -> bool:
    """Say whether `path` is to be unpacked, by its name."""
    return path.name.lower().endswith(_PACKED)


def _spare(found: Sequence[Source], out: Path) -> None:
    """Refuse to answer a file in the place of one that is read."""
    read = {source.path.resolve(): source.path for source in found}
    for source in found:
        target = out / source.relative
        if (over := read.get(target.resolve())) is not None:
            raise BacktestError(f"{over} would be written over by its answer; give another --out")


def is_regular(path: Path) -> bool:
    """Say whether `path` is a file, and not a pipe that somebody waits at."""
    return stat.S_ISREG(path.stat().st_mode)
