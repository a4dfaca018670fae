"""An anomaly is found live; a backtest over the log finds the same one at the same row."""

from __future__ import annotations

import asyncio
import csv
import random
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from streams.contracts.envelope import rfc3339
from streams.contracts.record import Outgoing
from streams.contracts.telemetry import parse_time
from streams.kafka.publisher import Publisher
from tests.end_to_end.harness import Installation

KEY = "default/pump-7"
ROWS, FAULT = 260, 250


class Sent(Installation):
    """An installation that was sent rows, ten seconds apart."""

    begin: float
    """When the first row was measured, in seconds since the epoch."""


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sent]:
    """Give a running installation that was sent a quiet hour and a fault at its end."""
    own = Sent(tmp_path_factory.mktemp("backtest"))
    try:
        own.start()
        own.begin = time.time() - 10.0 * ROWS
        asyncio.run(_published(own, own.begin))
        yield own
    finally:
        own.stop()


async def _published(installation: Installation, begin: float) -> None:
    noise = random.Random(7)
    async with Publisher(installation.connection) as publisher:
        for k in range(ROWS):
            metrics = {
                "pressure": 900.0 if k >= FAULT else 20.0 + noise.random(),
                "flow": 5.0 + noise.random(),
            }
            body = {"agent_id": "pump-7", "at": rfc3339(begin + 10.0 * k), "metrics": metrics}
            record = Outgoing("telemetry", KEY.encode(), msgspec.json.encode(body))
            await publisher.publish([record])


def _anomalies(installation: Installation) -> list[dict[str, object]]:
    items = installation.get("/findings", agent="pump-7")["items"]
    return [item for item in items if item["kind"] == "anomaly"]


def test_a_backtest_finds_in_the_log_what_was_found_live(
    installation: Installation, tmp_path: Path
) -> None:
    (found,) = installation.wait_for(lambda: _anomalies(installation), "anomaly")
    done = installation.command(
        "backtest", "detector", "--agent", "pump-7", "--out", str(tmp_path), "--json"
    )
    assert done.returncode == 0, done.stderr
    assert msgspec.json.decode(done.stdout)["rows"] == ROWS
    with (tmp_path / f"{KEY}.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    first = next(index for index, row in enumerate(rows) if row["alert"] == "1")
    assert first == FAULT
    assert rows[first]["drivers"].split()[0] == found["metric"] == "pressure"
    assert parse_time(rows[first]["timestamp"]) == pytest.approx(parse_time(found["since"]), abs=1)
    assert found["expected_high"] < 100.0


def test_a_span_answers_its_rows_alone(installation: Sent, tmp_path: Path) -> None:
    installation.wait_for(lambda: _anomalies(installation), "anomaly")
    since = str(installation.begin + 10.0 * (ROWS - 30) - 5.0)
    done = installation.command(
        "backtest", "detector", "--agent", "pump-*", "--since", since, "--out", str(tmp_path)
    )
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / f"{KEY}.csv").read_text().splitlines()) == 1 + 30


def test_an_agent_that_the_log_does_not_know_is_said(installation: Sent, tmp_path: Path) -> None:
    done = installation.command("backtest", "detector", "--agent", "pumb-*", "--out", str(tmp_path))
    assert done.returncode == 1
    assert "the log has nothing of agent 'pumb-*'" in done.stderr


def test_what_cannot_be_meant_is_refused(installation: Installation, tmp_path: Path) -> None:
    for argv, told in (
        (("--since", "2030-01-01T00:00:00Z"), "must be before"),
        (("--since", "yesterday"), "yesterday"),
        ((str(tmp_path / "nowhere.csv"),), "no such file"),
        ((str(tmp_path), "--agent", "x"), "for the log"),
    ):
        done = installation.command("backtest", "detector", *argv)
        assert done.returncode == 2
        assert told in done.stderr
