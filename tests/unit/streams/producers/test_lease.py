"""The ticker's lease may go to another at any moment, also while it is taken up."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import IllegalStateError

from streams.contracts.trust import Signer
from streams.kafka.connection import Connection
from streams.producers import ticker as module
from streams.producers.ticker import Ticker


async def test_a_lease_that_is_lost_while_it_is_taken_up_is_let_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    async def gone(_: Any) -> None:
        asked.append("offsets")
        raise IllegalStateError("Partitions are not assigned")

    async def never(*_: Any) -> float:
        return 0.0

    monkeypatch.setattr(module, "last_told", never)
    ticker = Ticker(Connection("127.0.0.1:1"), Signer(b"s" * 32), 0)
    await ticker._turn(SimpleNamespace(assignment=lambda: {"timers"}, offsets_for_times=gone))
    assert asked == ["offsets"]
    assert ticker._timetable is None
