"""Claims: which commands this host took on, on disk before anything happens.

After a crash a claim without an outcome is *unknown*: its target is looked at, and the command is
never repeated blindly.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec

from processors.executors.services.ledger import replace_synced
from streams.contracts.envelope import Event

KEPT: Final = 1000
"""Finished claims that are remembered; older ones have expired long ago."""


class _Line(msgspec.Struct, array_like=True):
    """What happened to a command: claimed (with the command itself) or finished."""

    command_id: str
    command: Event | None = None


class Claims:
    """An append-only journal, synced at every claim.

    Parameters
    ----------
    path : Path
        The journal's file.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._open: dict[str, Event] = {}
        self._finished: dict[str, None] = {}
        self._read(path)
        kept = [_Line(i) for i in self._finished] + [_Line(i, e) for i, e in self._open.items()]
        replace_synced(path, b"".join(msgspec.json.encode(line) + b"\n" for line in kept))
        self._file = path.open("ab")

    def close(self) -> None:
        """Close the journal."""
        self._file.close()

    def known(self, command_id: str) -> bool:
        """Say whether a command was taken on before."""
        return command_id in self._open or command_id in self._finished

    def unfinished(self) -> list[Event]:
        """Return the commands that were claimed and have no outcome."""
        return list(self._open.values())

    def claim(self, command: Event) -> None:
        """Take a command on; it is on disk when this returns."""
        self._append(_Line(command.id, command))
        self._open[command.id] = command

    def finish(self, command_id: str) -> None:
        """Note that a command has its outcome; it is on disk when this returns."""
        self._append(_Line(command_id))
        self._open.pop(command_id, None)
        self._finished[command_id] = None

    def _append(self, line: _Line) -> None:
        self._file.write(msgspec.json.encode(line) + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def _read(self, path: Path) -> None:
        if not path.exists():
            return
        for text in path.read_bytes().splitlines():
            try:
                line = msgspec.json.decode(text, type=_Line)
            except msgspec.DecodeError:
                continue  # the last line of a journal whose writer was killed: nothing was done
            if line.command is not None:
                self._open[line.command_id] = line.command
            else:
                self._open.pop(line.command_id, None)
                self._finished[line.command_id] = None
        self._finished = dict.fromkeys(list(self._finished)[-KEPT:])
