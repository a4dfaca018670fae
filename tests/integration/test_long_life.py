"""A log whose beginning has expired: what each reader of it still knows, and says that it knows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from config.policy import Policy, default_policy
from config.settings import Settings
from processors.migrations import unchanged
from processors.runtime.checkpoints import Checkpoint, read_checkpoints
from processors.runtime.lane import Lane
from processors.runtime.member import Member
from processors.runtime.restore import Restorer
from processors.runtime.worker import Worker
from processors.step import Step
from processors.topology import steps
from projections.backtest.recorded import Span as Asked
from projections.backtest.recorded import backtest_log
from projections.database import open_database
from projections.models import agents
from projections.replay.until import until as views_until
from projections.replay.verdict import VerifyReport
from projections.replay.verify import verify
from projections.what_if import run
from projections.what_if.run import what_if
from streams.contracts.record import Outgoing
from streams.contracts.telemetry import Heartbeat, encode_heartbeat
from streams.contracts.topics import snapshots_of
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import EmbeddedBroker
from streams.kafka.log_export import Exporter
from streams.kafka.log_import import import_log, open_log
from streams.kafka.log_reader import LogReader, Offsets, Place
from streams.kafka.publisher import Publisher
from streams.producers.policy import publish_policy
from tests.conftest import BrokerFactory
from tests.end_to_end.counting import SECRET, SIGNER
from tests.integration.expiring import expire
from tests.integration.running import PARTITIONS, end, until
from tests.ports import free_port

INBOXES = {step.inbox.name: step for step in steps()}
POLICY_VERSION = 7


@dataclass
class Aged:
    """A log of three days, the first of which has expired."""

    connection: Connection
    whole: VerifyReport
    first: dict[Place, Checkpoint]
    last: dict[Place, Checkpoint]


@pytest.fixture(scope="module")
def aged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aged]:
    """Run a worker for three days that take no time; let the first expire."""
    broker = EmbeddedBroker(tmp_path_factory.mktemp("broker"), free_port(), report=print)
    try:
        yield asyncio.run(_lived(broker))
    finally:
        asyncio.run(broker.stop())


async def _lived(broker: EmbeddedBroker) -> Aged:
    await broker.start()
    connection = Connection(broker.bootstrap)
    await ensure_topics(connection, PARTITIONS)
    async with Publisher(connection) as publisher:
        policy = msgspec.structs.replace(default_policy(), version=POLICY_VERSION)
        await publish_policy(publisher, SIGNER, policy, "a test")
    first = await a_day(connection, [Heartbeat(f"first-{n}", {"x": 1.0}) for n in range(20)])
    await a_day(connection, [Heartbeat(f"second-{n}", {"x": 1.0}) for n in range(20)])
    last = await a_day(
        connection, [Heartbeat(f"third-{n}", {"log_size_mb": 150}) for n in range(5)]
    )
    whole = await verify(connection, SIGNER, steps())
    await expire(connection, {place: each.label.position for place, each in first.items()})
    return Aged(connection, whole, first, last)


@asynccontextmanager
async def working(connection: Connection) -> AsyncIterator[Worker]:
    worker = Worker(connection, steps(), SIGNER, Member(0, PARTITIONS, "long-life"), end)
    await worker.start()
    try:
        yield worker
    finally:
        await worker.stop()


async def a_day(connection: Connection, beats: Sequence[Heartbeat]) -> dict[Place, Checkpoint]:
    """Let a worker fold `beats`, and make a checkpoint of every partition; return the last."""
    async with working(connection) as worker, Publisher(connection) as publisher:
        await publisher.publish(
            [Outgoing("telemetry", beat.key.encode(), encode_heartbeat(beat)) for beat in beats]
        )
        await all_folded(connection, worker)
        for lane in [lane for lane in worker.owner.lanes.values() if lane.time]:
            await until(lambda: not lane.snapshotting)  # noqa: B023  awaited at once
            await worker._snapshots.begin(lane, checkpoint=True)
    async with LogReader(connection) as reader:
        return {each.place: each for each in await read_checkpoints(reader, SIGNER)}


async def all_folded(connection: Connection, worker: Worker) -> None:
    """Wait until every inbox is folded, with what the steps wrote into it meanwhile."""
    goal: Offsets = {}
    async with LogReader(connection) as reader:
        while goal != (goal := await reader.end_offsets(INBOXES)):
            await until(lambda: all(_is_folded(worker, place, at) for place, at in goal.items()))


def _is_folded(worker: Worker, place: Place, at: int) -> bool:
    """Say whether a lane has come so far, and the log has all that it wrote about it."""
    lane = worker.owner.lanes.get(place)
    if lane is None or lane.next < at or lane.unsent or lane.snapshotting:
        return False
    return all(written.done() for written in lane.pending)


async def loaded(
    connection: Connection, places: Sequence[Place], by_inbox: Mapping[str, Step[Any]] = INBOXES
) -> dict[Place, Lane]:
    counts = {name: step.inbox.partitions(PARTITIONS) for name, step in by_inbox.items()}
    lanes = await Restorer(connection, by_inbox, SIGNER, counts).load(places, 30)
    return {Place(*lane.place): lane for lane in lanes}


async def verified(connection: Connection) -> VerifyReport:
    found = await verify(connection, SIGNER, steps(), fetch_sizes=(7,))
    assert found.equal, found.summary()
    return found


def in_force(lane: Lane) -> int:
    """Return the version of the policy that a lane's state is under."""
    policy: Policy = getattr(lane.state, "policy", None) or lane.state.in_force.policy
    return policy.version


async def test_it_is_verified_from_the_oldest_checkpoint(aged: Aged) -> None:
    assert (aged.whole.equal, aged.whole.given, aged.whole.unverified) == (True, 0, [])
    found = await verified(aged.connection)
    told = "\n".join(found.unverified)
    for place, each in aged.first.items():
        start = each.label.position
        assert f"{place.topic}/{place.partition}: records before {start} have expired" in told
        assert f"verified from {start}, the oldest checkpoint that is kept, of 2" in told
    # What the first day said is given, and what the other two did is decided again.
    assert found.given >= 20
    assert 25 <= found.compared < aged.whole.compared


async def test_another_policy_is_tried_on_what_was_known_then(aged: Aged) -> None:
    shipped = default_policy()
    same = await what_if(aged.connection, SIGNER, shipped)
    assert not [row for row in same.rows if row.differing]
    assert "both begin with the checkpoints of then" in same.notes[0]
    limits = [
        msgspec.structs.replace(each, warning=200.0, clear=180.0)
        if each.metric == "log_size_mb"
        else each
        for each in shipped.surveillance.thresholds
    ]
    surveillance = msgspec.structs.replace(shipped.surveillance, thresholds=limits)
    bearing = msgspec.structs.replace(shipped, surveillance=surveillance)
    found = await what_if(aged.connection, SIGNER, bearing)
    gone = {row.agent for row in found.rows if row.what == "finding" and row.gone}
    assert gone == {f"default/third-{n}" for n in range(5)}


async def test_another_policy_is_tried_on_what_an_earlier_version_knew(
    aged: Aged, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = steps()
    for step in newer:
        step.migrations = {**getattr(step, "migrations", {}), step.version: unchanged}
        step.version += 1
    monkeypatch.setattr(run, "_steps", lambda: newer)
    same = await what_if(aged.connection, SIGNER, default_policy())
    assert "both begin with the checkpoints of then" in same.notes[0]
    assert not [row for row in same.rows if row.differing]


async def test_the_detector_says_what_it_could_not_learn(aged: Aged, tmp_path: Path) -> None:
    asked = Asked(0.0, time.time(), "default/*-*")
    policy = default_policy().surveillance.detector
    done = await backtest_log(aged.connection, SIGNER, asked, tmp_path, policy, print)
    assert {path.stem for path in (tmp_path / "default").iterdir()} >= {"second-0", "third-0"}
    assert not (tmp_path / "default" / "first-0.csv").exists()
    assert "has expired: the detector learnt nothing from it" in done.note


async def test_views_of_a_moment_hold_what_facts_say_of_it(aged: Aged, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "secret").write_text(SECRET.decode())
    settings = Settings(home=home, partitions=PARTITIONS)
    now, url = str(time.time()), f"sqlite:///{tmp_path / 'then.db'}"
    done = await views_until(settings, aged.connection, now, url, lambda _: None)
    assert "has expired: of what agents sent before it, facts and windows tell" in done.note
    engine = open_database(url)
    with engine.connect() as database:
        rows = {row.agent_id: row.metrics for row in database.execute(select(agents))}
    engine.dispose()
    assert rows.keys() >= {"first-0", "second-0"}
    assert rows["third-0"] == {"log_size_mb": 150.0}


async def test_as_files_it_keeps_its_checkpoints_from_which_a_worker_goes_on(
    aged: Aged, tmp_path: Path, fresh_broker: BrokerFactory
) -> None:
    exported = await Exporter(aged.connection, PARTITIONS, "x").export(tmp_path / "log")
    lost = {snapshots_of(step.inbox).name for step in steps()}
    parts = [part for part in exported.parts if part.topic not in lost]
    left = msgspec.structs.replace(exported, parts=parts)
    heir = Connection((await fresh_broker()).bootstrap)
    await import_log(heir, tmp_path / "log", left)
    await open_log(heir, left)
    assert (await verified(heir)).compared == (await verified(aged.connection)).compared
    for place, lane in (await loaded(heir, list(aged.last))).items():
        assert lane.next == aged.last[place].label.position
    await a_day(heir, [Heartbeat("fourth", {"x": 1.0})])
    assert (await verified(heir)).given >= 20


async def test_a_new_version_relearns_under_the_policy_that_was_in_force(aged: Aged) -> None:
    newer = dict(zip(INBOXES, steps(), strict=True))
    for step in newer.values():
        step.version += 1
    for place, lane in (await loaded(aged.connection, list(aged.last), newer)).items():
        assert lane.next == aged.first[place].label.position
        assert lane.silent_before >= aged.last[place].label.position
        assert in_force(lane) == POLICY_VERSION
