"""The log of a real installation decides the same again; code that decides otherwise is told."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from processors.step import Emission, Fact, Step
from processors.surveillance.state import SurveillanceState
from processors.surveillance.step import Surveillance
from processors.topology import steps
from projections.replay.verdict import VerifyReport
from projections.replay.verify import verify
from streams.contracts.events.finding import FindingRaised
from streams.contracts.record import Record
from streams.kafka.embedded_broker import EmbeddedBroker
from tests.end_to_end.harness import Installation
from tests.end_to_end.soak_rig import vector_extensions


class Lenient(Surveillance):
    """Decides otherwise in one respect: nothing is critical."""

    def apply(self, state: SurveillanceState, records: Sequence[Record]) -> list[Emission]:
        """Fold `records` as always, and play down what was found."""
        return [self._played_down(emission) for emission in super().apply(state, records)]

    @staticmethod
    def _played_down(emission: Emission) -> Emission:
        fact = emission.item
        if isinstance(fact, Fact) and isinstance(fact.data, FindingRaised):
            milder = msgspec.structs.replace(fact.data, severity="warning")
            return emission._replace(item=fact._replace(data=milder))
        return emission


@pytest.fixture(scope="module")
def at_rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Give an installation that healed a service and then went down."""
    installation = Installation(tmp_path_factory.mktemp("at-rest"))
    try:
        installation.start()
        known = installation.settled()
        os.kill(installation.wait_for(installation.service_pid, "service"), signal.SIGKILL)
        installation.settled(known)
        yield installation
    finally:
        installation.stop()


@asynccontextmanager
async def broker_of(installation: Installation) -> AsyncIterator[None]:
    broker = EmbeddedBroker(installation.home / "kafka", installation.kafka_port)
    await broker.start()
    try:
        yield
    finally:
        await broker.stop()


async def verified(
    installation: Installation, changed: Sequence[Step[Any]], fetch: int = 2000
) -> VerifyReport:
    async with broker_of(installation):
        return await verify(
            installation.connection, installation.signer, changed, fetch_sizes=(fetch,)
        )


@pytest.mark.parametrize("fetch", ["1", "7", "0"])
def test_a_running_installation_decides_the_same_again(homeostat: Installation, fetch: str) -> None:
    done = homeostat.command("replay", "--verify", "--fetch", fetch)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_decides_the_same_without_vector_extensions(homeostat: Installation) -> None:
    plain = {"NPY_DISABLE_CPU_FEATURES": vector_extensions()}
    done = homeostat.command("replay", "--verify", **plain)
    assert done.returncode == 0, done.stdout + done.stderr


def test_views_are_rebuilt_beside_a_running_projector(homeostat: Installation) -> None:
    done = homeostat.command("projections", "rebuild")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the live views were equal" in done.stdout
    assert homeostat.get("/system/health")["components"]


async def test_an_installation_at_rest_is_verified_with_a_broker_of_its_own(
    at_rest: Installation,
) -> None:
    await asyncio.to_thread(at_rest.stop)
    done = await asyncio.to_thread(at_rest.command, "replay", "--verify")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "starting its broker" in done.stdout
    assert at_rest.processes() == []


async def test_code_that_decides_otherwise_is_named(at_rest: Installation) -> None:
    await asyncio.to_thread(at_rest.stop)
    changed = [Lenient() if step.name == "surveillance" else step for step in steps()]
    found = await verified(at_rest, changed)
    assert not found.equal
    assert "severity: 'critical' recorded, 'warning' folded" in found.summary()
    assert (await verified(at_rest, steps())).equal


def test_a_home_without_a_log_is_named(tmp_path) -> None:
    nowhere = Installation(tmp_path / "nowhere")
    done = nowhere.command("replay", "--verify")
    assert done.returncode == 2
    assert str(nowhere.home) in done.stderr
    assert "homeostat up" in done.stderr
