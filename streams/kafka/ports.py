"""Loopback ports: which is free, and who has one that is not."""

from __future__ import annotations

import socket
from typing import Final

import psutil

LOOPBACK: Final = "127.0.0.1"


def free_port() -> int:
    """Return a port of the loopback interface that nothing listens on."""
    with socket.create_server((LOOPBACK, 0)) as server:
        port: int = server.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Say whether a server could listen on `port` of the loopback interface."""
    try:
        with socket.create_server((LOOPBACK, port)):
            return True
    except OSError:
        return False


def holder_of(port: int) -> str:
    """Return in words which process listens on `port`, as far as this account may know."""
    try:
        listening = [
            found.pid
            for found in psutil.net_connections("tcp")
            if found.status == psutil.CONN_LISTEN and found.laddr and found.laddr.port == port
        ]
        pid = next((pid for pid in listening if pid), None)
        if pid is None:
            return "a process of another account"
        command = " ".join(psutil.Process(pid).cmdline())
    except psutil.Error:
        return "a process that cannot be inspected"
    return f"process {pid} ({command[:200]})"
