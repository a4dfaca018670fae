"""`homeostat up`: the whole installation, in the foreground, as one tree of processes."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Callable
from typing import Any, Final

from api.cli.address import connected, own_address
from api.cli.broker_guard import keep_broker
from api.cli.holding import InstallationBusy, holding
from api.cli.logs import configure_logging
from api.cli.policy_news import HINT, offered
from api.cli.prepare import prepare
from api.cli.supervisor import Child, keep_all_alive
from config.services import longest_stop_s
from config.settings import Settings, SettingsError, settings_from_environment
from streams.contracts.trust import Signer
from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import BrokerError, EmbeddedBroker
from streams.kafka.errors import BrokerAway, TopicError
from streams.kafka.ports import holder_of, is_free

Reporter = Callable[[str], None]
_PORT_TRIES: Final = 12
_PORT_PAUSE_S: Final = 0.25
_LEAVING_S: Final = 60.0
"""How long a node may take to leave, beside what its services take to stop."""


def up() -> int:
    """Run everything until SIGINT or SIGTERM; return the exit status."""
    configure_logging("up")
    report = reporter()
    try:
        settings = settings_from_environment()
        settings.configuration()
        _check_certificate(settings)
        with holding(settings.home):
            asyncio.run(_run(settings, report))
    except (SettingsError, BrokerError, BrokerAway, TopicError, InstallationBusy) as error:
        sys.stderr.write(f"homeostat up: {error}\n")
        return 2
    return 0


def reporter() -> Reporter:
    """Return what tells on standard output, with the seconds since now.

    Where nothing can be told (the disk is full, the terminal was closed) nothing ends for it.
    """
    began = time.monotonic()

    def report(text: str) -> None:
        with contextlib.suppress(OSError):
            sys.stdout.write(f"[{time.monotonic() - began:5.1f} s] {text}\n")
            sys.stdout.flush()

    return report


async def _run(settings: Settings, report: Reporter) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    settings.token()
    await _check_port(settings.api_port)
    connection = Connection.from_settings(settings)
    broker = None if settings.kafka else await _start_broker(settings, report)
    try:
        await prepare(settings, connection, Signer(settings.secret()))
        report("topics and policy are in place")
        children = asyncio.create_task(keep_all_alive(_waves(settings), stop))
        guard = asyncio.create_task(_keep_broker(broker, report, stop))
        ready = asyncio.create_task(_announce(settings, report))
        told = asyncio.create_task(stop.wait())
        await asyncio.wait((children, guard, told), return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        ready.cancel()
        report("going down: services, then the rest, then the broker")
        await children
        guard.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await guard
    finally:
        if broker is not None:
            await broker.stop()
    report("down; the log and all state are kept")


async def _start_broker(settings: Settings, report: Reporter) -> EmbeddedBroker:
    broker = EmbeddedBroker(settings.home / "kafka", settings.kafka_port, report=report)
    await broker.start()
    report(f"broker accepts connections on {settings.bootstrap}")
    return broker


def _waves(settings: Settings) -> list[list[Child]]:
    """Return the children in the order in which they are told to leave."""
    workers = [
        Child(f"worker-{slot}", "worker", {"HOMEOSTAT_SLOT": str(slot)})
        for slot in range(settings.workers)
    ]
    stop_s = longest_stop_s(settings.configuration().services)
    node = Child("node", "node", patience_s=_LEAVING_S + stop_s)
    return [[node], workers, [Child("projector", "projector"), Child("api", "api")]]


async def _keep_broker(
    broker: EmbeddedBroker | None, report: Reporter, stop: asyncio.Event
) -> None:
    """Keep the embedded broker alive; one outside is not ours to keep."""
    if broker is None:
        await stop.wait()
    else:
        await keep_broker(broker, report, stop)


async def _check_port(port: int) -> None:
    """Refuse to begin where the API could not serve; a killed one may take a moment to leave.

    An API that has served and then loses its port to somebody is started again and again instead.
    """
    for _ in range(_PORT_TRIES):
        if port == 0 or is_free(port):
            return
        await asyncio.sleep(_PORT_PAUSE_S)
    raise SettingsError(
        f"HOMEOSTAT_API_PORT={port} is taken by {holder_of(port)}; end it or choose another"
    )


def _check_certificate(settings: Settings) -> None:
    """Refuse here what would end the API again and again."""
    if settings.tls is not None:
        from api.certificate import Certificate

        Certificate(*settings.tls)


async def _announce(settings: Settings, report: Reporter) -> None:
    """Say when the first live measurement can be read, and where."""
    address = own_address(settings)
    token = settings.token()
    while not await asyncio.to_thread(_measured, settings, token):
        await asyncio.sleep(0.25)
    report("the API answers with live measurements")
    report(f"Homeostat is up: {address}/#token={token}")
    report(f"the API is at {address}/api/v1; the token lies in {settings.home / 'token'}")
    report("Ctrl-C ends it all, and keeps the log")
    shipped = await asyncio.to_thread(_answer, settings, token, "/policy/shipped")
    if shipped and (told := offered(shipped["offers"])):
        report(f"{told}; {HINT}")


def _measured(settings: Settings, token: str) -> bool:
    """Say whether the API knows an agent that was measured."""
    found = _answer(settings, token, "/agents?type=host")
    return found is not None and any(agent.get("metrics") for agent in found["items"])


def _answer(settings: Settings, token: str, path: str) -> Any:
    """Return what the API answers at `path`; None where it does not."""
    import http.client
    import json

    connection = connected(settings, own_address(settings), 5)
    try:
        headers = {"Authorization": f"Bearer {token}"}
        connection.request("GET", f"/api/v1{path}", headers=headers)
        answer = connection.getresponse()
        return json.load(answer) if answer.status == http.client.OK else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
