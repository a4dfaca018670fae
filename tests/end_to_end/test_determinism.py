"""The same log gives the same findings, however many workers fold it and whoever is killed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from processors.surveillance.step import Surveillance
from projections.replay.verify import verify
from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import EmbeddedBroker
from tests.end_to_end import determinism_rig as rig
from tests.end_to_end.counting import SIGNER


async def test_two_workers_killed_on_the_way_say_what_one_fold_says(
    fresh_broker: Callable[[], Awaitable[EmbeddedBroker]], tmp_path: Path
) -> None:
    broker = await fresh_broker()
    log = list(rig.history(agents=40, rounds=150, seed=3))
    expected = rig.folded(log)
    assert {"finding.raised", "finding.ended", "agent.status_changed"} <= rig.kinds(expected).keys()
    await rig.prepared(broker.bootstrap)
    await rig.run(broker.bootstrap, log, count=2, kills=2, seed=3, logs=tmp_path)
    found, unlike = await rig.said(broker.bootstrap)
    assert unlike == 0
    assert found == expected
    verdict = await verify(Connection(broker.bootstrap), SIGNER, [Surveillance()], fetch_sizes=(0,))
    assert verdict.equal, verdict.summary()
