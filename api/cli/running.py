"""Runs what needs an event loop and settings, and says in a line why it cannot."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from api.cli.client import AWAY, USAGE, CommandError

if TYPE_CHECKING:
    from config.settings import Settings

T = TypeVar("T")


def run(command: Callable[[Settings], Awaitable[T]]) -> T:
    """Return what `command` finds.

    Raises
    ------
    CommandError
        With the status that says why it cannot be run.
    """
    from api.cli.holding import InstallationBusy
    from config.settings import settings_from_environment
    from projections.replay.beside import RebuildUnderWayError
    from streams.kafka.errors import BrokerAway, BrokerError, PositionLost, TopicError
    from streams.kafka.log_files import LogFileError

    try:
        return asyncio.run(_awaited(command(settings_from_environment())))
    except (BrokerError, TopicError, RebuildUnderWayError, LogFileError, InstallationBusy) as error:
        raise CommandError(USAGE, str(error)) from error
    except (BrokerAway, PositionLost) as error:
        raise CommandError(AWAY, str(error)) from error


async def _awaited(result: Awaitable[T]) -> T:
    return await result
