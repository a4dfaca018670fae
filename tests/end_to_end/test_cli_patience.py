"""A token that asks more than it may is served a little later, and nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import pytest

from api.cli.client import Client
from api.cli.top.board import EVERYTHING
from api.cli.top.source import Source
from tests.end_to_end.harness import Installation


class Limited(Installation):
    """An installation that grants a token one request a second, and none in advance."""

    environment: Mapping[str, str] = MappingProxyType(
        {"HOMEOSTAT_API_TOKEN_RATE": "1", "HOMEOSTAT_API_BURST_S": "1"}
    )


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Limited]:
    """Run it."""
    installation = Limited(tmp_path_factory.mktemp("limited"))
    try:
        installation.start()
        yield installation
    finally:
        installation.stop()


@pytest.fixture(scope="module")
def token(limited: Limited) -> str:
    """Give a token that is limited, as the first one is not."""
    made = limited.command("tokens", "create", "--name", "eve", "--role", "operator", "--json")
    assert made.returncode == 0, made.stderr
    return str(json.loads(made.stdout)["token"])


def test_a_command_waits_until_it_may_ask(limited: Limited, token: str) -> None:
    done = limited.command("status", "--json", HOMEOSTAT_TOKEN=token)  # asks four times
    assert json.loads(done.stdout)["system"]["components"], done.stderr


def test_every_write_comes_through_once(limited: Limited, token: str) -> None:
    client = Client(f"http://127.0.0.1:{limited.api_port}", token)
    receipts = [
        client.send("POST", f"/agents/patient-{number}/metrics", {"metrics": {"q": 1}})["position"]
        for number in range(3)
    ]
    assert len(set(receipts)) == 3


async def test_a_live_view_waits_too(limited: Limited, token: str) -> None:
    source = Source(f"http://127.0.0.1:{limited.api_port}", token)
    try:
        found = [await source.picture(part) for part in sorted(EVERYTHING)]
        assert all(found)
    finally:
        await source.close()
