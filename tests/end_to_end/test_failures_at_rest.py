"""What the guide says of secrets, snapshots and expired records, brought about."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from streams.contracts.record import Outgoing, Record
from streams.contracts.telemetry import encode_tick
from streams.contracts.topics import DECISIONS, GOVERNANCE, TELEMETRY, snapshots_of
from streams.contracts.trust import RecordKind
from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.publisher import Publisher
from tests.end_to_end.harness import Installation, read_all
from tests.end_to_end.test_failures import LATE_S, heals, part, quoted

pytestmark = pytest.mark.slow
INBOXES = (TELEMETRY, DECISIONS, GOVERNANCE)
AHEAD_S = 3600.0


class Rested(Installation):
    """An installation that ran before."""

    known: set[str]
    """The findings of a death from before."""


@pytest.fixture(scope="module")
def rested(tmp_path_factory: pytest.TempPathFactory) -> Rested:
    """Give an installation that has been stopped in order, so that snapshots are there."""
    installation = Rested(tmp_path_factory.mktemp("rested"))
    try:
        installation.start()
        installation.known = installation.settled()
        installation.wait_for(lambda: part(installation, "ticker") == ("ok", ""), "ticker")
    finally:
        installation.stop()
    return installation


@pytest.fixture
def own(rested: Rested, tmp_path: Path) -> Iterator[Rested]:
    """Give a copy of it, which the test starts itself and may break."""
    installation = Rested(tmp_path / "home")
    copied = shutil.ignore_patterns("config.yaml", "up.log")
    shutil.copytree(rested.home, installation.home, ignore=copied, dirs_exist_ok=True)
    installation.known = rested.known
    try:
        yield installation
    finally:
        installation.stop()


def reasons(own: Installation) -> set[str]:
    """Return why records were not accepted."""
    return {each["reason"] for each in own.get("/dead-letters")["items"]}


def verified(own: Installation) -> str:
    """Return what a replay says; it must not find a difference."""
    done = own.command("replay", "--verify")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_with_another_secret_nothing_of_before_is_trusted_and_services_go_on(
    own: Installation,
) -> None:
    secret, token = (own.home / name for name in ("secret", "token"))
    kept = secret.read_bytes()
    secret.write_text("another secret of enough letters")
    token.unlink()
    missing = own.command("agents")
    assert missing.returncode == 2
    assert quoted("/token: No such file or directory") in missing.stderr
    own.start()
    own.wait_for(lambda: quoted("bad_signature") in reasons(own), "letters")
    heals(own)
    own.stop()
    secret.write_bytes(kept)
    own.start()
    heals(own)


def test_a_damaged_snapshot_is_not_trusted_and_the_worker_resumes(own: Installation) -> None:
    own.start()
    topics = [snapshots_of(inbox).name for inbox in INBOXES]
    kept = asyncio.run(read_all(own.connection, topics))
    assert kept
    damaged = [Outgoing(r.topic, r.key, _damaged(r), partition=r.partition) for r in kept]
    asyncio.run(_publish(own, damaged))
    worker = own.pids("worker")[0]
    os.kill(worker, signal.SIGKILL)
    own.wait_for(lambda: own.pids("worker") not in ([], [worker]), "another worker")
    heals(own)
    assert "equal, byte for byte" in verified(own)


def test_expired_records_are_named_and_healing_goes_on(own: Installation) -> None:
    asyncio.run(_expire(own))
    told = verified(own)
    quoted("not verified: governor on governance/0: records before 25 have expired")
    for step in (
        "surveillance on telemetry/0",
        "decision on decisions/0",
        "governor on governance/",
    ):
        assert f"not verified: {step}" in told
    assert quoted("and no checkpoint is kept") in told
    own.start()
    heals(own)


def test_a_clock_that_was_ahead_stops_timers_and_not_healing(own: Rested) -> None:
    own.start()
    own.settled(own.known)  # in the midst of the start, the clock would call its command too late
    asyncio.run(_publish(own, _ticks(own, AHEAD_S)))
    heals(own)
    quoted("events with a time in the future")

    def ahead() -> bool:
        found = own.get("/findings", agent="web", state="ended")["items"]
        return any(each["ended_at"] > _later() for each in found)

    own.wait_for(ahead, "finding that ends in the future", LATE_S)
    looked = own.command("doctor")
    assert looked.returncode == 1
    assert quoted("s ahead") in looked.stdout


def _damaged(record: Record) -> bytes:
    """Return a record's value with its last bytes lost; what was deleted stays deleted."""
    return (record.value or b"")[:-8] + bytes(8)


def _later() -> str:
    later = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=AHEAD_S / 2)
    return later.isoformat().replace("+00:00", "Z")


def _ticks(own: Installation, ahead_s: float) -> list[Outgoing]:
    """Return a tick for every partition of every inbox."""
    value = encode_tick(time.time() + ahead_s)
    return [
        own.signer.sign(Outgoing(inbox.name, None, value, partition=number), RecordKind.TICK)
        for inbox in INBOXES
        for number in range(inbox.partitions(4))
    ]


async def _publish(own: Installation, records: list[Outgoing]) -> None:
    async with Publisher(own.connection) as publisher:
        await publisher.publish(records)


async def _expire(own: Installation) -> None:
    """Let all that lies in the inboxes expire, and a little that no snapshot covers with it."""
    broker = EmbeddedBroker(own.home / "kafka", own.kafka_port, report=print)
    await broker.start()
    try:
        await _publish(own, _ticks(own, 0.0))
        await _delete_inboxes(own)
    finally:
        await broker.stop()


async def _delete_inboxes(own: Installation) -> None:
    places = [TopicPartition(i.name, n) for i in INBOXES for n in range(i.partitions(4))]
    consumer = AIOKafkaConsumer(bootstrap_servers=own.connection.bootstrap)
    admin = AIOKafkaAdminClient(bootstrap_servers=own.connection.bootstrap)
    await consumer.start()
    await admin.start()
    try:
        ends = await consumer.end_offsets(places)
        await admin.delete_records({at: RecordsToDelete(end) for at, end in ends.items()})
    finally:
        await admin.close()
        await consumer.stop()
