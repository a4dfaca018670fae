"""A small real step that counts, and a worker process that runs it."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

import msgspec

from processors.dead_letters import dead_letter
from processors.step import Context, Emission, Fact
from streams.contracts.errors import ContractError
from streams.contracts.events.agent import AgentLabelled
from streams.contracts.events.registry import EVENT_TYPES
from streams.contracts.record import Record
from streams.contracts.telemetry import decode_heartbeat, decode_tick
from streams.contracts.topics import TELEMETRY
from streams.contracts.trust import RecordKind, Signer

SECRET = b"a secret for tests only"
POISON = "poison"


class Counts(msgspec.Struct):
    """How many records of each agent were folded, and the last tick."""

    partition: int
    counts: dict[str, int] = {}
    time: float = 0.0
    due: float | None = None


class Counting:
    """Says of every heartbeat which one of its agent it is; stumbles over poison."""

    name = "counting"
    inbox = TELEMETRY
    writes = (EVENT_TYPES["agent.labelled"],)

    def __init__(self, version: int = 1, *, loud: bool = True, name: str = "counting") -> None:
        self.name = name
        self.version = version
        self._loud = loud

    def initial(self, context: Context) -> Counts:
        return Counts(context.partition)

    def apply(self, state: Counts, records: Sequence[Record]) -> list[Emission]:
        emissions: list[Emission] = []
        for record in records:
            if record.headers and SIGNER.kind_of(record) is RecordKind.TICK:
                state.time = max(state.time, decode_tick(record.value or b""))
                state.due = None
                continue
            try:
                heartbeat = decode_heartbeat(record.value)
            except ContractError as error:
                emissions.append(Emission(record.offset, dead_letter(record, error)))
                continue
            count = state.counts[heartbeat.key] = state.counts.get(heartbeat.key, 0) + 1
            if heartbeat.agent_id == POISON:
                raise ArithmeticError("this step cannot take poison")
            if "timer_in_s" in heartbeat.metrics:
                state.due = record.timestamp + heartbeat.metrics["timer_in_s"]
            if self._loud:
                emissions.append(Emission(record.offset, _fact(record, heartbeat, count)))
        return emissions

    def dump(self, state: Counts) -> bytes:
        return msgspec.json.encode(state, order="deterministic")

    def load(self, context: Context, data: bytes) -> Counts:
        return msgspec.json.decode(data, type=Counts)

    def next_due(self, state: Counts) -> float | None:
        return state.due


def _fact(record: Record, heartbeat: Any, count: int) -> Fact:
    labels = {"count": str(count), "sequence": str(heartbeat.sequence)}
    return Fact(heartbeat.key, AgentLabelled("service", labels), record.timestamp)


SIGNER = Signer(SECRET)


async def _main(bootstrap: str, slot: int, partitions: int) -> None:
    from processors.runtime.member import Member
    from processors.runtime.worker import run_worker
    from streams.kafka.connection import EMBEDDED_SESSION_S, Connection

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await run_worker(
        Connection(bootstrap, session_s=EMBEDDED_SESSION_S),
        [Counting(int(os.environ.get("STEP_VERSION", "1")))], SIGNER,
        Member(slot, partitions), stop=stop,
    )  # fmt: skip


if __name__ == "__main__":
    logging.basicConfig(level="WARNING", format="%(asctime)s %(name)s %(levelname)s %(message)s")
    asyncio.run(_main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
