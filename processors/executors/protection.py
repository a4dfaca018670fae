"""Processes that no action may ever touch, whoever asks."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

import psutil

_ALWAYS: Final = ("sshd", "systemd", "kafka.Kafka", "postgres", "homeostat", "api.cli.roles")


def protected(process: psutil.Process, declared: Sequence[str] = ()) -> str | None:
    """Return why `process` may not be touched, or None.

    Protected are pid 1, this process and its ancestors, sshd, the broker, the database and our
    own roles, and whatever the configuration declares by a text of its command line.
    """
    if process.pid == 1:
        return "pid 1"
    if process.pid in {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}:
        return "a process of Homeostat's own"
    try:
        command = " ".join([process.name(), *process.cmdline()])
    except psutil.Error as error:
        return f"it cannot be seen: {error}"
    return next((f"protected: {text}" for text in (*_ALWAYS, *declared) if text in command), None)
