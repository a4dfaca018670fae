"""What Faust needs to lose nothing, point by point, on a real broker."""

from __future__ import annotations

import asyncio
import io
import logging
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError
from faust.types import TP

from processors.runtime import outputs as outputs_module
from processors.runtime import owner as owner_module
from processors.runtime import restore as restore_module
from processors.runtime.ending import EXIT_UNHANDLED, Ending
from processors.runtime.lane import Lane
from processors.runtime.member import Member
from processors.runtime.outputs import Outputs
from processors.runtime.restore import Restorer
from processors.runtime.worker import Worker
from streams.contracts.envelope import decode_event
from streams.contracts.events.system import StepCutOver
from streams.contracts.partitioning import partition_for
from streams.contracts.record import Outgoing, Position
from streams.kafka.connection import Connection
from streams.kafka.log_reader import LogReader, Offsets
from streams.kafka.quiet import Repetitions
from streams.kafka.transport import NoTables
from tests.end_to_end.counting import POISON, SIGNER, Counting
from tests.integration.running import (
    PARTITIONS,
    Ended,
    broker_with_topics,
    caught_up,
    make,
    running,
    send,
    until,
)
from tests.ports import free_port


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """Give a broker of this file's own, with the topics."""
    with broker_with_topics(tmp_path_factory.mktemp("broker")) as connection:
        yield connection


async def test_point_1_faust_keeps_no_account_of_batches(connection: Connection) -> None:
    """Point 1: nothing is acknowledged to Faust, so nothing of it grows."""
    await send(connection, *(f"p1-{i}" for i in range(500)))
    async with running(connection, "point-1") as worker:
        await caught_up(connection, worker)
        consumer = worker.app.consumer
        assert not any(consumer._acked.values())
        assert not any(consumer._gap.values())


async def test_point_2_between_revocation_and_assignment_nothing_is_sought(
    connection: Connection,
) -> None:
    """Point 2: between revocation and assignment there are no positions."""
    async with running(connection, "point-2") as worker:
        await caught_up(connection, worker)
        worker.app.consumer._between = True
        assert await worker.app.consumer.seek_to_committed() == {}
        worker.app.consumer._between = False


async def test_point_2_a_restore_that_takes_too_long_ends_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Point 2: a restore is bounded, and the process ends where it fails."""
    monkeypatch.setattr(owner_module, "RESTORE_S", 0.5)
    worker = make(Connection(f"127.0.0.1:{free_port()}"), "point-2b")
    with pytest.raises(Ended, match="could not be loaded"):
        await worker.owner.positions([TP("telemetry", 0)])


def slow_restore(monkeypatch: pytest.MonkeyPatch, seconds: float) -> asyncio.Event:
    """Let each partition take so long to restore; give what is set when the first one begins."""
    begun, original = asyncio.Event(), Restorer._lane

    async def slowly(*given: Any) -> Lane:
        begun.set()
        await asyncio.sleep(seconds)
        return await original(*given)

    monkeypatch.setattr(Restorer, "_lane", slowly)
    return begun


async def test_point_2_a_restore_may_last_as_long_as_it_goes_on(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Point 2: a fleet may be as large as fits; each partition for itself is waited for."""
    monkeypatch.setattr(owner_module, "RESTORE_S", 1.5)
    monkeypatch.setattr(restore_module, "_TOLD_S", 0.5)
    slow_restore(monkeypatch, 1.0)
    worker = make(connection, "point-2c")
    places = [TP("telemetry", number) for number in range(PARTITIONS)]
    assert (await worker.owner.positions(places)).keys() == set(places)
    assert worker.owner.restored == PARTITIONS
    assert "restored 1 of 4 partitions, about 3 s left" in caplog.text


async def test_point_2_what_is_revoked_while_it_is_restored_is_not_taken(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Point 2: another may have had the partition meanwhile, and written on."""
    begun = slow_restore(monkeypatch, 0.2)
    worker = make(connection, "point-2d")
    restoring = asyncio.create_task(worker.owner.positions([TP("telemetry", 0)]))
    await begun.wait()
    worker.owner.drop()
    assert await restoring == {}
    assert worker.owner.lanes == {}
    assert not worker.owner.assigned.is_set()
    assert (await worker.owner.positions([TP("telemetry", 0)])).keys() == {TP("telemetry", 0)}


async def test_points_3_and_6_partitions_move_and_their_old_lanes_are_dead(
    connection: Connection,
) -> None:
    """Points 3 and 6: state is let go before another slot has the partition."""
    async with running(connection, "point-3") as first:
        await caught_up(connection, first)
        old = list(first.owner.lanes.values())
        async with running(connection, "point-3", slot=1) as second:
            await until(lambda: len(second.owner.lanes) == len(first.owner.lanes) == 2)
            assert not any(lane.alive for lane in old)
            assert first.owner.lanes.keys().isdisjoint(second.owner.lanes)


async def test_point_4_a_gap_ends_the_process(connection: Connection) -> None:
    """Point 4: a batch that does not follow on what was folded is not folded."""
    worker = make(connection, "point-4")
    await worker.owner.positions([TP("telemetry", 0)])
    ahead = worker.owner.lanes["telemetry", 0].next + 1
    with pytest.raises(Ended, match="came where"):
        await worker.owner.apply(("telemetry", 0), [SimpleNamespace(offset=ahead)])


async def test_points_5_and_10_a_restart_resumes_at_the_last_snapshot(
    connection: Connection,
) -> None:
    """Points 5 and 10: an orderly stop leaves a snapshot, and nothing is folded again."""
    await send(connection, *(f"p5-{i}" for i in range(100)))
    async with running(connection, "point-5") as worker:
        await caught_up(connection, worker)
        held = dict(worker.owner.lanes)
    assert all(lane.snapshot_position == lane.next for lane in held.values())
    async with running(connection, "point-5") as again:
        await until(lambda: len(again.owner.lanes) == PARTITIONS)
        lanes = again.owner.lanes
        resumed_at = sum(lane.next for lane in lanes.values()) - again.owner.records
        assert resumed_at == sum(lane.next for lane in held.values())
        assert {p: _of_test(lane, "p5-") for p, lane in lanes.items()} == {
            p: _of_test(lane, "p5-") for p, lane in held.items()
        }


def _of_test(lane: Lane, prefix: str) -> dict[str, int]:
    counts: dict[str, int] = lane.state.counts
    return {key: n for key, n in counts.items() if key.startswith(f"default/{prefix}")}


def test_point_6_a_frozen_worker_ends_itself() -> None:
    """Point 6: a worker silent for longer than its session has lost its partitions."""
    with watched() as process:
        process.send_signal(signal.SIGSTOP)
        time.sleep(3.0)
        process.send_signal(signal.SIGCONT)
        assert process.wait(120) == EXIT_UNHANDLED
        assert b"the loop stood still for" in (process.stderr or io.BytesIO()).read()


def test_point_6_a_loop_that_folds_for_long_is_not_frozen() -> None:
    """Point 6: the consumer's own thread keeps up the membership meanwhile."""
    with watched("time.sleep(3.0)") as process:
        out, _ = process.communicate(timeout=120)
    assert (process.returncode, out) == (0, b"watched\nstill here\n")


_WATCHED = """
import asyncio, time
from processors.runtime.ending import end_process
from processors.runtime.watchdog import Watchdog

async def main():
    watching = asyncio.ensure_future(Watchdog(None, None, [], end_process).watch_loop(2.0))
    await asyncio.sleep(0.6)
    print("watched", flush=True)
    {}
    await asyncio.sleep(0.6)
    watching.cancel()
    print("still here", flush=True)

asyncio.run(main())
"""


@contextmanager
def watched(work: str = "await asyncio.sleep(60)") -> Iterator[subprocess.Popen[bytes]]:
    """Give a process that does `work` under a watchdog with a session of two seconds."""
    process = subprocess.Popen(
        [sys.executable, "-c", _WATCHED.format(work)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        if work.startswith("await"):
            assert process.stdout is not None
            assert process.stdout.readline() == b"watched\n"
        yield process
    finally:
        process.kill()
        process.communicate()


async def test_a_session_that_the_broker_refuses_is_named(connection: Connection) -> None:
    told: list[str] = []
    worker = Worker(
        replace(connection, session_s=0.6), [Counting(name="refused")], SIGNER,
        Member(0, PARTITIONS, "refused"), cast(Ending, told.append),
    )  # fmt: skip
    await worker.start()
    try:
        await until(lambda: bool(told))
    finally:
        await worker.stop()
    assert "HOMEOSTAT_SESSION_S" in told[0]


async def test_points_7_and_9_the_app_is_set_up_for_quick_recovery(
    connection: Connection,
) -> None:
    """Points 7 and 9: each setting that recovery depends on."""
    app = make(connection, "point-7", slot=3).app
    conf = app.conf
    assert conf.consumer_group_instance_id == "point-7-3"
    assert (conf.broker_session_timeout, conf.broker_heartbeat_interval) == (6.0, 1.2)
    assert conf.broker_rebalance_timeout == 20.0
    assert not conf.stream_wait_empty
    assert conf.topic_disable_leader
    assert not conf.topic_allow_declare
    assert not conf.web_enabled
    assert isinstance(app.tables, NoTables)


async def test_point_8_no_snapshot_begins_while_outputs_are_on_their_way(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Point 8: a state is not written before the facts that follow from it."""
    async with running(connection, "point-8b") as worker:
        await caught_up(connection, worker)
        send_on = asyncio.Event()
        sending = worker._outputs.send

        async def slowly(records: Sequence[Outgoing], *work: Any) -> list[asyncio.Future[Any]]:
            await send_on.wait()
            return await sending(records, *work)

        monkeypatch.setattr(worker._outputs, "send", slowly)
        await send(connection, "p8")
        # The worker's own heartbeat may wait in another lane.
        lane = worker.owner.lanes["telemetry", partition_for(b"default/p8", PARTITIONS)]
        await until(lambda: bool(lane.unsent))
        lane.snapshot_at, worker._snapshots._not_before = 0.0, 0.0
        worker._snapshots.consider(lane)
        assert not lane.snapshotting
        send_on.set()
        await until(lambda: lane.snapshotting or lane.snapshot_position == lane.next)


async def test_point_8_a_failed_output_ends_the_process(connection: Connection) -> None:
    """Point 8: where a fact was refused, the process ends, and no snapshot follows."""
    told: list[str] = []
    outputs = Outputs(connection, cast(Ending, told.append))
    await outputs.start()
    try:
        too_large = Outgoing("dead-letters", b"k", bytes(5 << 20))
        (refused,) = await outputs.send([too_large])
        with pytest.raises(KafkaError):
            await refused
        await until(lambda: bool(told))
    finally:
        await outputs.stop()
    assert "output was not written" in told[0]


async def test_many_who_write_to_one_partition_at_once_all_find_room(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each waits while what came before it is written, which is far from a timeout."""
    monkeypatch.setattr(outputs_module, "REQUEST_MS", 2000)
    told: list[str] = []
    outputs = Outputs(connection, cast(Ending, told.append))
    await outputs.start()
    admin = AIOKafkaAdminClient(bootstrap_servers=connection.bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic("crowded", 1, 1)])
    await admin.close()
    records = [Outgoing("crowded", b"k", bytes(4096), partition=0) for _ in range(128)]
    try:
        sent = await asyncio.gather(*(outputs.send(records) for _ in range(100)))
        done = await asyncio.gather(*(future for futures in sent for future in futures))
    finally:
        await outputs.stop()
    assert done
    assert not told


def test_point_11_the_same_complaint_is_logged_once_a_period() -> None:
    """Point 11: an absent broker is told of once a period."""
    now = [0.0]
    news = Repetitions(10, clock=lambda: now[0])
    record = logging.LogRecord("mode.services", logging.ERROR, __file__, 1, "away", (), None)
    assert [news.filter(record) for _ in range(3)] == [True, False, False]
    now[0] = 11.0
    assert news.filter(record)


async def test_poison_is_passed_over_and_not_met_again(connection: Connection) -> None:
    await send(connection, "before", POISON, "after")
    async with running(connection, "poison") as worker:
        await caught_up(connection, worker)
        assert worker.owner.dead_letters == 1
        counts = {
            k: n for lane in worker.owner.lanes.values() for k, n in lane.state.counts.items()
        }
        assert (counts["default/before"], counts["default/after"]) == (1, 1)
        assert f"default/{POISON}" not in counts
    async with running(connection, "poison") as again:
        await until(lambda: len(again.owner.lanes) == PARTITIONS)
        assert sum(len(lane.skipped) for lane in again.owner.lanes.values()) == 1


async def cut_overs(connection: Connection, step: str) -> dict[tuple[str, int], int]:
    """Return from where on version 2 of `step` speaks, as the log has it."""
    found = {}
    async with LogReader(connection) as reader:
        begins = await reader.beginning_offsets(["dead-letters"])
        ends = await reader.end_offsets(["dead-letters"])
        async for records in reader.read(begins, ends):
            for event in map(decode_event, (record.value for record in records)):
                if event.type == "step.cut_over" and event.data["step"] == step:
                    fact = msgspec.convert(event.data, StepCutOver)
                    assert (fact.from_version, fact.to_version) == (1, 2)
                    found[fact.topic, fact.partition] = fact.offset
    return found


async def said_since(connection: Connection, before: Offsets) -> list[Position]:
    """Return of which places in the inboxes the fleet's facts from `before` on speak."""
    async with LogReader(connection) as reader:
        later = reader.read(before, await reader.end_offsets(["fleet"]))
        return [
            Position.parse(decode_event(record.value).position)
            async for records in later
            for record in records
        ]


async def test_a_new_version_folds_again_and_says_nothing_twice(
    connection: Connection,
) -> None:
    await send(connection, *(f"v-{i}" for i in range(20)))
    async with running(connection, "versions") as old:
        await caught_up(connection, old)
    async with LogReader(connection) as reader:
        before = await reader.end_offsets(["fleet"])
    newer = make(connection, "versions")
    newer.owner._restorer._steps["telemetry"].version = 2
    await newer.start()
    try:
        await caught_up(connection, newer)
        assert newer.owner.records > 0
        assert all(lane.cut_over.from_version == 1 for lane in newer.owner.lanes.values())
        begins = {place: lane.silent_before for place, lane in newer.owner.lanes.items()}
        # Something may be said by now, such as of a worker's heartbeat, but nothing again.
        for at in await said_since(connection, before):
            assert at.offset >= begins[at.topic, at.partition]
        while set(await cut_overs(connection, "versions")) != set(begins):
            await send(connection, *(f"w-{i}" for i in range(20)))
            await caught_up(connection, newer)
        assert await cut_overs(connection, "versions") == begins
    finally:
        await newer.stop()
