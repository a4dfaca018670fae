from __future__ import annotations

import asyncio

import pytest

from api.coalescing import Coalesced


class Making:
    """Answers with its number, once it is let."""

    def __init__(self) -> None:
        self.made = 0
        self.begun = asyncio.Event()
        self.let = asyncio.Event()

    async def __call__(self) -> int:
        self.made += 1
        number = self.made
        self.begun.set()
        await self.let.wait()
        return number


async def asked(own: Coalesced[int], making: Making, times: int) -> list[asyncio.Task[int]]:
    tasks = [asyncio.create_task(own.ask("fleet", making)) for _ in range(times)]
    await asyncio.sleep(0)
    return tasks


async def test_who_asks_before_it_is_begun_shares_it_and_who_asks_later_the_next() -> None:
    own, making = Coalesced[int](), Making()
    early = await asked(own, making, 3)
    await making.begun.wait()
    late = await asked(own, making, 5)
    making.let.set()
    assert await asyncio.gather(*early) == [1] * 3
    assert await asyncio.gather(*late) == [2] * 5
    assert await own.ask("fleet", making) == 3


async def test_other_keys_do_not_wait() -> None:
    own, making, free = Coalesced[int](), Making(), Making()
    free.let.set()
    held = await asked(own, making, 1)
    assert await own.ask("another", free) == 1
    making.let.set()
    assert await asyncio.gather(*held) == [1]


async def test_who_goes_away_takes_nothing_from_the_others() -> None:
    own, making = Coalesced[int](), Making()
    first, second = await asked(own, making, 2)
    await making.begun.wait()
    first.cancel()
    making.let.set()
    assert await second == 1
    assert first.cancelled()


async def test_a_failure_is_everybodys_and_the_next_is_asked_anew() -> None:
    own, making = Coalesced[int](), Making()

    async def fail() -> int:
        raise ValueError("away")

    both = await asyncio.gather(
        own.ask("fleet", fail), own.ask("fleet", fail), return_exceptions=True
    )
    assert [str(each) for each in both] == ["away"] * 2
    making.let.set()
    assert await own.ask("fleet", making) == 1


async def test_a_failure_does_not_stop_who_waits_for_the_next() -> None:
    own, making, following = Coalesced[int](), Making(), Making()

    async def fail() -> int:
        await making()
        raise ValueError("away")

    failing = asyncio.create_task(own.ask("fleet", fail))
    await making.begun.wait()
    late = await asked(own, following, 1)
    following.let.set()
    making.let.set()
    with pytest.raises(ValueError, match="away"):
        await failing
    assert await asyncio.gather(*late) == [1]
