"""A bucket grants its rate and its burst, and nothing beyond, whatever the times are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.identity.roles import Identity, Role
from api.limits.bucket import Bucket, Rate
from api.limits.limits import Limits

BOB = Identity("bob", "t", Role.VIEWER)
EVE = Identity("eve", "t", Role.VIEWER)
ROOT = Identity("root", "default", Role.ADMIN, everywhere=True)
FIRST = Identity("admin", "default", Role.ADMIN, everywhere=True)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def limits(token: float = 2.0, tenant: float = 3.0, streams: int = 2) -> tuple[Limits, Clock]:
    clock = Clock()
    made = Limits(Rate("token", token, 5.0), Rate("tenant", tenant, 5.0), streams, clock)
    return made, clock


def granted(made: Limits, who: Identity, times: int) -> int:
    standings = [made.ask(who) for _ in range(times)]
    return sum(standing is None or standing.wait_s == 0.0 for standing in standings)


@given(st.floats(0.5, 50), st.floats(0.5, 10), st.lists(st.floats(0, 3), min_size=1, max_size=200))
def test_never_more_than_the_burst_and_the_rate(per_s, burst_s, pauses):
    rate = Rate("token", per_s, burst_s)
    bucket, now, taken = Bucket(rate, 0.0), 0.0, 0
    for pause in pauses:
        now += pause
        if bucket.standing(now).wait_s == 0.0:
            bucket.take(now)
            taken += 1
        assert taken <= rate.quota + per_s * now + 1e-6


@given(st.floats(0.5, 50), st.floats(0.5, 10))
def test_after_the_wait_that_was_told_the_next_is_granted(per_s, burst_s):
    bucket = Bucket(Rate("token", per_s, burst_s), 0.0)
    while (standing := bucket.standing(0.0)).wait_s == 0.0:
        bucket.take(0.0)
    assert bucket.standing(standing.wait_s * 1.000001).wait_s == 0.0
    assert (
        bucket.standing(0.0 + standing.full_in_s + burst_s).left
        == Rate("token", per_s, burst_s).quota
    )


def test_a_token_is_held_to_its_rate_and_its_tenant_to_the_sum():
    made, clock = limits()
    assert granted(made, BOB, 20) == 10
    assert granted(made, EVE, 20) == 5
    assert granted(made, ROOT, 20) == 10
    clock.now += 1.0
    assert granted(made, BOB, 20) == 2
    assert granted(made, EVE, 20) == 1


def test_who_is_refused_by_the_tenant_loses_nothing_of_the_token():
    made, clock = limits(token=10.0, tenant=1.0)
    assert granted(made, BOB, 50) == 5
    clock.now += 5.0
    assert granted(made, BOB, 50) == 5


def test_the_owner_of_the_machine_is_not_limited():
    made, _ = limits()
    assert granted(made, FIRST, 1000) == 1000


def test_a_token_holds_so_many_streams_and_gets_them_back():
    made, _ = limits(streams=1)
    with made.streaming(BOB) as one, made.streaming(BOB) as two, made.streaming(EVE) as other:
        assert (one, two, other) == (True, False, True)
    with made.streaming(BOB) as again:
        assert again


def test_what_a_client_is_told():
    made, _ = limits()
    standing = made.ask(BOB)
    assert standing is not None
    assert dict(standing.headers()) == {
        "ratelimit-policy": '"token";q=10;w=5',
        "ratelimit": '"token";r=9;t=1',
    }


@pytest.mark.parametrize("per_s", [0.01, 0.2])
def test_a_very_low_rate_still_grants_one(per_s):
    assert Rate("token", per_s, 1.0).quota == 1
