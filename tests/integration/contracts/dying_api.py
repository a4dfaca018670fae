"""An API process that is killed after it has written what was asked, before it says so.

``python -m tests.integration.contracts.dying_api HOME BOOTSTRAP PORT_FILE``
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from api.idempotency.book import Book
from api.server import run_api
from config.settings import Settings
from streams.contracts.events.request import RequestSettled
from streams.kafka.connection import Connection
from tests.integration.log_of_facts import PARTITIONS, SIGNER


class MortalBook(Book):
    """Dies where a claim is to be settled: the event is on the log, the answer nowhere."""

    async def settle(self, settled: RequestSettled, tenant: str) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


async def main(home: str, bootstrap: str, port_file: str) -> None:
    settings = Settings(home=Path(home), api_port=0, partitions=PARTITIONS)

    def listening(port: int) -> None:
        made = Path(f"{port_file}.new")
        made.write_text(str(port))
        made.rename(port_file)

    never = asyncio.Event()
    await run_api(settings, Connection(bootstrap), SIGNER, never, listening=listening)


if __name__ == "__main__":
    import api.app

    api.app.Book = MortalBook  # type: ignore[misc]
    asyncio.run(main(*sys.argv[1:]))
