"""The log of an installation for a command, whether the installation runs or not."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable

from api.cli.broken_off import broken_off
from api.cli.holding import InstallationBusy, holding
from config.settings import Settings, SettingsError
from streams.kafka.admin import is_being_imported
from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.errors import ImportUnfinished


@contextlib.asynccontextmanager
async def kept_log(settings: Settings, report: Callable[[str], None]) -> AsyncIterator[Connection]:
    """Give a connection to the log; start the embedded broker for it where nothing runs.

    Raises
    ------
    SettingsError
        Where the home holds no log.
    BrokerError
        Where the broker does not start.
    ImportUnfinished
        Where an import of the log was broken off.
    """
    async with contextlib.AsyncExitStack() as stack:
        if settings.kafka is None and _at_rest(settings, stack):
            report(f"nothing runs in {settings.home}: starting its broker for this command")
            broker = EmbeddedBroker(settings.home / "kafka", settings.kafka_port, report=report)
            await broker.start()
            stack.push_async_callback(broker.stop)
        connection = Connection.from_settings(settings)
        if await is_being_imported(connection):
            raise ImportUnfinished(await broken_off(settings, connection))
        yield connection


def _at_rest(settings: Settings, stack: contextlib.AsyncExitStack) -> bool:
    """Hold the home until `stack` ends, unless somebody does; return whether it is held now."""
    if not (settings.home / "kafka").is_dir():
        raise SettingsError(
            f"HOMEOSTAT_HOME={settings.home} holds no log; name the folder of an installation, "
            "or make one with `homeostat up`"
        )
    try:
        stack.enter_context(holding(settings.home))
    except InstallationBusy:
        return False
    return True
