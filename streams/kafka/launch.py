"""Becomes another program that the kernel kills when our parent dies.

Run as a script, ``launch.py PARENT_PID ARGV…``, so that nothing happens between a fork and an
exec in a process with threads.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Bind this process to its parent's life and replace it by the program."""
    parent, *argv = arguments
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
        if os.getppid() != int(parent):
            raise SystemExit("the parent is gone")
    os.execv(argv[0], argv)  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
