"""Names stay apart, rates survive resets and repetition, quantiles lie where the values do."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.telemetry import MAX_METRICS, METRIC, RESERVED, check_heartbeat, check_id
from streams.producers.series.counters import Counters, Growth
from streams.producers.series.gathering import TIMELESS, TOO_MANY, UNFIT, Admitted, Gathering
from streams.producers.series.naming import agent_name, fit_labels, metric_name
from streams.producers.series.quantiles import exponential_quantile, quantile

ATTRIBUTES = st.dictionaries(st.text(min_size=1, max_size=60), st.text(max_size=90), max_size=5)


@given(st.text(min_size=1, max_size=200), ATTRIBUTES)
def test_every_name_is_one_that_telemetry_takes(base, attributes):
    name = metric_name(base, "_per_s", attributes.items())
    assert METRIC.fullmatch(name)
    assert name not in RESERVED


@given(ATTRIBUTES, ATTRIBUTES)
def test_what_differs_is_called_differently(one, other):
    names = metric_name("m", "", one.items()), metric_name("m", "", other.items())
    spelt = [sorted(f"{k}-{v}" for k, v in each.items()) for each in (one, other)]
    assert (names[0] == names[1]) == (":".join(spelt[0]) == ":".join(spelt[1]))


def test_the_order_of_attributes_says_nothing():
    assert metric_name("m", "", [("b", "1"), ("a", "2")]) == "m:a-2:b-1"
    assert metric_name("m", "", [("a", "2"), ("b", "1")]) == "m:a-2:b-1"


@given(st.text(max_size=300), st.text(max_size=300))
def test_every_agent_may_be_part_of_a_key(name, instance):
    found = agent_name(name, instance)
    assert bool(found) == bool(name or instance)
    if found:
        check_id("agent_id", found)


def test_labels_are_cut_to_what_a_heartbeat_carries():
    labels = fit_labels({f"k{i:03}": "v" * 500 for i in range(90)} | {"": "x", "empty": ""})
    assert (len(labels), {len(value) for value in labels.values()}) == (32, {200})


def test_a_reading_that_comes_twice_is_answered_alike():
    counters = Counters()
    assert counters.grown("s", 10, (5.0,)) is None
    first = counters.grown("s", 20, (25.0,))
    assert first == counters.grown("s", 20, (25.0,)) == Growth(10, (20.0,))
    assert counters.grown("s", 15, (9.0,)) is None
    assert counters.grown("s", 30, (25.0,)) == Growth(10, (0.0,))


def test_a_counter_that_began_anew_counts_from_its_start():
    counters = Counters()
    counters.grown("s", 100, (50.0, 7.0), start=1.0)
    assert counters.grown("s", 110, (60.0, 9.0), start=108.0) == Growth(2.0, (60.0, 9.0))
    assert counters.grown("s", 120, (4.0, 1.0), start=108.0) == Growth(10, (4.0, 1.0))
    assert counters.grown("s", 130, (5.0,), start=108.0) is None  # of other parts


def test_a_counter_that_may_forget_says_nothing_where_it_falls():
    counters = Counters()
    assert counters.grown("spent", 10.0, (100.0,), restarts=False) is None
    assert counters.grown("spent", 20.0, (40.0,), restarts=False) is None
    assert counters.grown("spent", 30.0, (60.0,), restarts=False) == Growth(10.0, (20.0,))


def test_what_is_remembered_is_bounded_and_the_busy_stay():
    counters = Counters(most=10)
    for i in range(100):
        counters.grown("busy", i + 1, (float(i),))
        counters.grown(f"once-{i}", 1, (1.0,))
    assert len(counters) <= 10
    assert counters.grown("busy", 101, (100.0,)) == Growth(1, (1.0,))


@given(st.lists(st.floats(0.001, 9.99), min_size=1, max_size=200), st.floats(0.01, 0.99))
def test_a_quantile_lies_in_the_bucket_of_the_value_that_it_is_of(values, q):
    bounds = [float(i) for i in range(1, 11)]
    counts = [0.0] * 11
    for value in values:
        counts[math.ceil(value) - 1] += 1
    true = sorted(values)[max(0, math.ceil(q * len(values) - 1e-9) - 1)]
    found = quantile(q, bounds, counts)
    assert math.ceil(true) - 1 <= found <= math.ceil(true)


def test_exponential_buckets_are_read_on_both_sides_of_zero():
    below = exponential_quantile(0.01, 0, 0, (0, []), (1, [5, 5]))
    assert -8 <= below <= -4
    assert exponential_quantile(0.5, 3, 10, (0, [1]), (0, [1])) == 0.0
    assert exponential_quantile(0.95, 0, 0, (-1, [100])) == pytest.approx(2.0**-0.05)
    assert exponential_quantile(0.5, 0, 0, (0, [0.0])) is None


@pytest.mark.parametrize(("scale", "offset"), [(-2000, 0), (-10, 5), (0, 2_000_000_000)])
def test_a_bucket_beyond_every_number_has_no_quantile(scale, offset):
    assert exponential_quantile(0.95, scale, 0, (offset, [1])) is None
    assert exponential_quantile(0.95, scale, 0, (0, []), (offset, [1])) is None


def test_what_a_sender_makes_long_is_told_apart_and_not_kept():
    counters = Counters()
    one, other = "x" * 100_000 + "1", "x" * 100_000 + "2"
    assert counters.grown(one, 10.0, (1.0,)) is None
    assert counters.grown(other, 10.0, (5.0,)) is None
    assert counters.grown(one, 20.0, (11.0,)) == Growth(10.0, (10.0,))
    assert all(len(key) < 100 for key in counters._read._young)
    assert metric_name("m", "", [("a", one)]) != metric_name("m", "", [("a", other)])


def test_an_agent_and_a_second_are_one_heartbeat():
    gathering = Gathering("t", Admitted())
    gathering.describe("a", "worker", {"zone": "z"})
    for name, value, at in [("x", 1, 10.1), ("y", 2, 10.3), ("x", 3, 10.4), ("x", 4, 11.0)]:
        gathering.add("a", name, value, at)
    gathering.add("b", "x", 0, 9.0)
    first, second, other = gathering.heartbeats()
    assert (first.key, first.at, first.metrics) == ("t/a", 10.4, {"x": 3, "y": 2})
    assert (second.at, second.metrics, second.labels) == (11.0, {"x": 4}, {"zone": "z"})
    assert (other.agent_id, other.agent_type) == ("b", "service")
    for each in (first, second, other):
        check_heartbeat(each)


def test_what_is_not_taken_has_a_reason():
    admitted = Admitted()
    for extra in ("zz", "zzz"):  # what was taken once stays, whatever comes beside it
        gathering = Gathering("t", admitted)
        for i in range(MAX_METRICS):
            gathering.add("a", f"m{i:03}", 1.0, 5.0)
        gathering.add("a", f"a:long-{extra}", 1.0, 5.0)
        gathering.add("a", "nan", math.nan, 5.0)
        gathering.add("a", "early", 1.0, 0.0)
        (one,) = gathering.heartbeats()
        assert set(one.metrics) == {f"m{i:03}" for i in range(MAX_METRICS)}
        assert gathering.left_out == {TOO_MANY: 1, UNFIT: 1, TIMELESS: 1}


def test_names_that_were_changed_say_so():
    assert re.fullmatch(r"a_b-[0-9a-f]{8}", metric_name("a b"))
    assert metric_name("a_b") == "a_b"
    assert len(metric_name("m" * 300)) == 128
