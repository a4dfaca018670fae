"""One role of an installation as a process: worker, projector, api or node; or `prepare`, once.

Each role imports only what it needs, so that an idle installation stays small.
"""

from __future__ import annotations

import asyncio
import ctypes
import errno
import gc
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Final
from zlib import crc32

from api.cli.logs import configure_logging
from api.cli.signs import give
from api.cli.supervisor import PARENT
from config.settings import Settings, SettingsError, settings_from_environment
from streams.contracts.trust import Signer
from streams.kafka.connection import Connection
from streams.kafka.errors import BrokerAway, TopicError

_PR_SET_PDEATHSIG: Final = 1
_OF_THE_DISK: Final = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO}
"""What is said in a line: where it happened in the program helps nobody."""

Role = Callable[[Settings, Connection, Signer, asyncio.Event], Awaitable[None]]


async def _worker(
    settings: Settings, connection: Connection, signer: Signer, stop: asyncio.Event
) -> None:
    from processors.runtime.member import Member
    from processors.runtime.worker import run_worker
    from processors.topology import steps

    member = Member(own_slot(), settings.partitions)
    await run_worker(connection, steps(), signer, member, stop=stop)


async def _projector(
    settings: Settings, connection: Connection, signer: Signer, stop: asyncio.Event
) -> None:
    from processors.runtime.heap import prepare
    from projections.projector import run_projector

    prepare()
    await run_projector(settings, connection, signer, stop)


async def _api(
    settings: Settings, connection: Connection, signer: Signer, stop: asyncio.Event
) -> None:
    from api.server import run_api

    # The routes and their schemas are made by then; a look through them takes tens of milliseconds.
    await run_api(settings, connection, signer, stop, listening=lambda _port: _set_aside())


async def _node(
    settings: Settings, connection: Connection, signer: Signer, stop: asyncio.Event
) -> None:
    from processors.executors.node import run_node

    await run_node(settings, connection, signer, stop)


async def _prepare(
    settings: Settings, connection: Connection, signer: Signer, _stop: asyncio.Event
) -> None:
    from api.cli.prepare import prepare

    await prepare(settings, connection, signer)


def own_slot() -> int:
    """Return this worker's slot, unique among the living ones.

    ``HOMEOSTAT_SLOT`` is a number, or ``host`` where every worker has a host name of its own, as
    containers do: it stays the same when a container is started again.
    """
    given = os.environ.get("HOMEOSTAT_SLOT", "0")
    return crc32(socket.gethostname().encode()) if given == "host" else int(given)


ROLES: Final[dict[str, Role]] = {
    "prepare": _prepare,
    "worker": _worker,
    "projector": _projector,
    "api": _api,
    "node": _node,
}


def run_role(name: str) -> int:
    """Run one role until SIGTERM or SIGINT; return its exit status."""
    _follow_supervisor()
    configure_logging(name)
    try:
        settings = settings_from_environment()
        signer = Signer(settings.secret())
        connection = Connection.from_settings(settings)
        asyncio.run(_until_told(ROLES[name], settings, connection, signer))
    except (SettingsError, BrokerAway, TopicError) as error:
        sys.stderr.write(f"homeostat {name}: {error}\n")
        return 2
    except OSError as error:
        if error.errno not in _OF_THE_DISK:
            raise
        sys.stderr.write(f"homeostat {name}: {error}\n")
        return 2
    return 0


async def _until_told(
    role: Role, settings: Settings, connection: Connection, signer: Signer
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    _set_aside()
    alive = asyncio.create_task(give())
    try:
        await role(settings, connection, signer, stop)
    finally:
        alive.cancel()


def _set_aside() -> None:
    """Spare the garbage collector what imports left behind: it lives as long as the process."""
    gc.collect()
    gc.freeze()


def _follow_supervisor() -> None:
    """Ask the kernel to kill this process when the supervisor dies; leave if it already has.

    Killed outright: every role resumes from what is on record, and SIGTERM would tell a node to
    stop the services that it started, which are to be adopted when the installation comes back.
    """
    supervisor = os.environ.get(PARENT)
    if supervisor is None or sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
    if os.getppid() != int(supervisor):
        raise SystemExit("the supervisor is gone")


if __name__ == "__main__":
    sys.exit(run_role(sys.argv[1]))
