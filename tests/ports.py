"""Ports for what tests start, so that tests beside each other never take the same one.

They lie below those that the system gives to outgoing connections, and each process of tests has
a stretch of its own.
"""

from __future__ import annotations

import itertools
import os

from streams.kafka.ports import is_free

_FIRST, _EACH = 12_000, 2_000
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_BEGIN = _FIRST + _EACH * (_WORKER % 8)
_START = os.getpid() * 37 % _EACH
_ports = (_BEGIN + (_START + n) % _EACH for n in itertools.count())


def free_port() -> int:
    """Return a port of the loopback interface that nothing listens on, and no other test takes."""
    return next(port for port in _ports if is_free(port))
