"""A shell that stays open, typed into and read from as a person would."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

PATIENCE_S = 180.0


class Terminal:
    """A shell in `folder`; its commands share variables, as typed ones do."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._shell = subprocess.Popen(
            ["bash", "--norc"],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._marks = 0
        self.type("trap : INT")  # a shell outlives the Ctrl-C that ends what it runs

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in (self._shell.stdin, self._shell.stdout):
            assert pipe is not None
            pipe.close()
        if self._shell.poll() is None:
            os.killpg(self._shell.pid, signal.SIGTERM)
        self._shell.wait()

    def run(self, command: str) -> tuple[str, int]:
        """Run `command`; return its output and its exit status."""
        self._marks += 1
        mark = f"end of command {self._marks} with status "
        self.type(f"{{ {command}\n}} </dev/null; printf '\\n%s%d\\n' '{mark}' $?")
        seen = self.read(lambda text: mark in text and text.endswith("\n"), command)
        output, _, status = seen.rpartition(f"\n{mark}")
        return output, int(status)

    def type(self, line: str) -> None:
        """Type a line, and read nothing."""
        assert self._shell.stdin is not None
        self._shell.stdin.write(f"{line}\n".encode())
        self._shell.stdin.flush()

    def read(self, enough: Callable[[str], bool], what: str) -> str:
        """Return the output from here on, as soon as it is `enough`."""
        assert self._shell.stdout is not None
        seen, deadline = b"", time.monotonic() + PATIENCE_S
        with selectors.DefaultSelector() as selector:
            selector.register(self._shell.stdout, selectors.EVENT_READ)
            while not enough(text := seen.decode(errors="replace")):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise AssertionError(f"{what}: too little within {PATIENCE_S:g} s:\n{text}")
                part = os.read(self._shell.stdout.fileno(), 65536)
                assert part, f"{what}: the shell ended:\n{text}"
                seen += part
        return text

    def interrupt(self) -> None:
        """Press Ctrl-C: what runs in the foreground is told, as the terminal would."""
        os.killpg(self._shell.pid, signal.SIGINT)
