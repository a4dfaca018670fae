"""Heartbeats of one shape are read together, or not at all."""

from __future__ import annotations

import pytest

from processors.surveillance.shaped import Shaped

GOOD = b'{"agent_id":"a","metrics":{"x":1,"y.z":2.5}}'
SHAPED = Shaped(("x", "y.z"))


def test_metrics_lie_in_the_order_of_the_shape() -> None:
    turned = b'{"metrics": {"y.z": -1e3, "x": 0.1}, "agent_id": "b"}'
    found = SHAPED.read([GOOD, turned])
    assert found is not None
    assert found.agents == ["a", "b"]
    assert found.values.tolist() == [[1.0, 2.5], [0.1, -1e3]]


@pytest.mark.parametrize("metrics", [1, 15, 16, 40, 256])
def test_every_number_of_metrics(metrics: int) -> None:
    shape = tuple(f"metric_{'long' * (place % 9)}_{place}" for place in range(metrics))
    said = ",".join(f'"{name}":{place}.5' for place, name in enumerate(shape))
    text = f'{{"agent_id":"a","metrics":{{{said}}}}}'.encode()
    found = Shaped(shape).read([text] * 70_000 if metrics == 1 else [text] * 20)
    assert found is not None
    assert found.values[-1].tolist() == [place + 0.5 for place in range(metrics)]


@pytest.mark.parametrize(
    "odd",
    [
        b"",
        b"{",
        b"[]",
        b'{"agent_id":"a","metrics":{"x":1}}',
        b'{"agent_id":"a","metrics":{"x":1,"y.z":null}}',
        b'{"agent_id":"a","metrics":{"x":1,"y.z":1e999}}',
        b'{"agent_id":"a","metrics":{"x":1,"y.z":2,"more":3}}',
        b'{"agent_id":"a","metrics":{"x":1,"y.z":2},"labels":{"host":4}}',
        b'{"agent_id":"a","metrics":{"x":1,"y.z":2},"status":3}',
        b'{"agent_id":"\xff","metrics":{"x":1,"y.z":2}}',
        b'{"agent_id":"a\n{}b","metrics":{"x":1,"y.z":2}}',
        GOOD + b" ",
        GOOD.replace(b",", b",\n"),
    ],
)
def test_what_is_of_another_form_is_not_read(odd: bytes) -> None:
    assert SHAPED.read([GOOD, odd, GOOD]) is None


def test_those_of_the_form_are_picked() -> None:
    numbered = GOOD.replace(b"}}", b'},"sequence":3}')
    below = GOOD.replace(b"}}", b'},"sequence":-3}')
    above = GOOD.replace(b"}}", b'},"sequence":9223372036854775808}')
    good, found = SHAPED.pick([b"{", GOOD, below, above, GOOD + b" ", numbered])
    assert (good, found.agents) == ([1, 4, 5], ["a", "a", "a"])
    assert found.values.tolist() == [[1.0, 2.5]] * 3


def test_what_is_said_beside_is_told_of_each_where_one_says_something() -> None:
    told = b'{"status":"busy","at":12.5,"agent_type":"host","labels":{"a":"b"},' + GOOD[1:]
    found = SHAPED.read([GOOD, told])
    assert found is not None
    assert found.asides == [(None, None, None, {}), (12.5, "busy", "host", {"a": "b"})]
    plain = SHAPED.read([GOOD, GOOD])
    assert plain is not None
    assert plain.asides is None


@pytest.mark.parametrize("between", [b"", b"\n", b" \n ", b"}\n{"])
def test_no_record_holds_what_another_said(between: bytes) -> None:
    half = len(GOOD) // 2
    double = GOOD + between + GOOD
    assert SHAPED.read([double, GOOD[:half], GOOD[half:]]) is None
    assert SHAPED.read([double, GOOD[:-1], GOOD[-1:]]) is None
    assert SHAPED.read([double]) is None
