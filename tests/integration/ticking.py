"""A process that is a candidate for the ticker's lease: ``ticking.py BOOTSTRAP SLOT GROUP``."""

from __future__ import annotations

import asyncio
import sys

from streams.contracts.trust import Signer
from streams.kafka.connection import EMBEDDED_SESSION_S, Connection
from streams.producers.ticker import Ticker

SIGNER = Signer(b"a secret for tests only")


async def _main(bootstrap: str, slot: int, group: str) -> None:
    connection = Connection(bootstrap, session_s=EMBEDDED_SESSION_S)
    await Ticker(connection, SIGNER, slot, group=group).run()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
