"""The job as a step in our runtime, with its outputs and snapshots, as in an installation."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from processors.runtime.member import Member
from processors.runtime.worker import run_worker
from processors.step import Emission
from streams.contracts.record import Record
from streams.contracts.trust import Signer
from streams.kafka.connection import Connection
from streams.kafka.log_reader import LogReader
from tests.benchmarks.common_job.load import PARTITIONS
from tests.benchmarks.common_job.meter import Meter
from tests.benchmarks.common_job.step import INBOX, CommonJob, State

SIGNER = Signer(b"a secret for benchmarks")


class Metered(CommonJob):
    """The step with the meter beside it; `stop` is set when the end of the log is reached.

    Positions decide and not the count: after a kill only the rest is folded.
    """

    def __init__(self, goal: int, ends: dict[int, int], stop: asyncio.Event) -> None:
        super().__init__()
        self._meter = Meter(goal)
        self._waiting = ends
        self._stop = stop

    def apply(self, state: State, records: Sequence[Record]) -> list[Emission]:
        """Fold, then count."""
        emissions = super().apply(state, records)
        self._meter.add(len(records))
        last = records[-1]
        if last.offset + 1 >= self._waiting.get(last.partition, sys.maxsize):
            del self._waiting[last.partition]
            if not self._waiting:
                self._stop.set()
        return emissions


async def main(bootstrap: str, goal: int) -> None:
    """Fold it all, from the last snapshot on."""
    connection, stop = Connection(bootstrap), asyncio.Event()
    async with LogReader(connection) as reader:
        found = await reader.end_offsets([INBOX.name])
    ends = {place.partition: end for place, end in found.items()}
    await run_worker(
        connection, [Metered(goal, ends, stop)], SIGNER, Member(0, PARTITIONS, "common-job"),
        stop=stop, ticker=False,
    )  # fmt: skip


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[3])))
