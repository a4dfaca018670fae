"""Remote write as Prometheus sends it: in any order of series, over several requests."""

from __future__ import annotations

import struct

import pytest

from streams.producers.prometheus.remote_write import RemoteWriteReceiver
from streams.producers.prometheus.wire import messages
from streams.producers.series.reading import Undecodable

T0 = 1_700_000_000
STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
COUNTER, GAUGE, HISTOGRAM = 1, 2, 3
Written = tuple[str, dict[str, str], list[tuple[float, float]]]


def body(*written: Written, **types: int) -> bytes:
    wire = messages()
    request = wire.write_request()
    for name, labels, samples in written:
        series = request.timeseries.add()
        for key, value in sorted({"__name__": name, **labels}.items()):
            series.labels.append(wire.label(name=key, value=value).SerializeToString())
        for at, value in samples:
            series.samples.add(timestamp=int(at * 1000), value=value)
    for family, kind in types.items():
        request.metadata.add(type=kind, metric_family_name=family)
    return request.SerializeToString()


OF = {"job": "node", "instance": "alpha:9100"}


def told(receiver: RemoteWriteReceiver, *written: Written, **types: int) -> dict[str, float]:
    read = receiver.read(body(*written, **types), "default")
    assert not read.left_out
    assert {beat.agent_id for beat in read.heartbeats} <= {"node@alpha:9100"}
    return {name: value for beat in read.heartbeats for name, value in beat.metrics.items()}


def test_gauges_and_counters_belong_to_their_job_and_instance():
    receiver = RemoteWriteReceiver()
    load = ("node_load1", OF, [(T0, 0.5)])
    hits = ("hits_total", OF | {"code": "200"}, [(T0, 10.0)])
    assert told(receiver, load, hits) == {"node_load1": 0.5}
    later = ("hits_total", OF | {"code": "200"}, [(T0 + 10, 60.0), (T0 + 20, 4.0)])
    beats = receiver.read(body(later), "default").heartbeats
    assert [(beat.at, beat.metrics) for beat in beats] == [
        (T0 + 10, {"hits_per_s:code-200": 5.0}),
        (T0 + 20, {"hits_per_s:code-200": 0.4}),  # it began anew
    ]


def test_a_request_that_is_sent_again_says_the_same():
    receiver = RemoteWriteReceiver()
    receiver.read(body(("hits_total", OF, [(T0, 1.0)])), "default")
    again = body(("hits_total", OF, [(T0 + 10, 21.0)]))
    first = receiver.read(again, "default").heartbeats
    assert first == receiver.read(again, "default").heartbeats
    assert first[0].metrics == {"hits_per_s": 2.0}


def test_tenants_and_instances_do_not_share_counters():
    receiver = RemoteWriteReceiver()
    for tenant in ("one", "two"):
        (at, value) = (T0, 1.0) if tenant == "one" else (T0 + 10, 99.0)
        assert receiver.read(body(("hits_total", OF, [(at, value)])), tenant).heartbeats == []


def parts(at: float, *counts: int) -> list[Written]:
    """Return a histogram of four buckets and a sum, each a series."""
    bounds = ("0.1", "0.2", "0.4", "+Inf")
    below = [sum(counts[: i + 1]) for i in range(4)]
    buckets = [
        ("took_seconds_bucket", OF | {"le": bound}, [(at, float(count))])
        for bound, count in zip(bounds, below, strict=True)
    ]
    total = ("took_seconds_sum", OF, [(at, below[-1] * 0.25)])
    return [*buckets, total, ("took_seconds_count", OF, [(at, float(below[-1]))])]


def test_a_histogram_is_complete_when_all_its_series_have_come():
    receiver = RemoteWriteReceiver()
    assert told(receiver, *parts(T0, 5, 0, 0, 0)) == {}
    later = parts(T0 + 10, 5, 90, 10, 0)
    assert told(receiver, *later[3:]) == {}
    expected = {
        "took_seconds_count_per_s": 10.0,
        "took_seconds_mean": 0.25,
        "took_seconds_p95": 0.3,
    }
    assert told(receiver, *later[:3]) == pytest.approx(expected)
    assert told(receiver, *later[:3]) == pytest.approx(expected)  # sent again
    assert told(receiver, *parts(T0 + 20, 5, 90, 10, 0)) == {"took_seconds_count_per_s": 0.0}


def test_half_a_histogram_is_never_compared():
    receiver = RemoteWriteReceiver()
    told(receiver, *parts(T0, 5, 0, 0, 0))
    assert told(receiver, *parts(T0 + 10, 9, 9, 9, 9)[:2]) == {}
    assert "took_seconds_p95" not in told(receiver, *parts(T0 + 20, 9, 9, 9, 9))


def test_metadata_says_what_names_only_suggest():
    receiver = RemoteWriteReceiver()
    assert told(receiver, ("nodes_count", OF, [(T0, 3.0)])) == {}
    assert told(receiver, nodes_count=GAUGE) == {}
    assert told(receiver, ("nodes_count", OF, [(T0 + 1, 3.0)])) == {"nodes_count": 3.0}
    assert told(receiver, ("seen", OF, [(T0, 3.0)])) == {"seen": 3.0}
    told(receiver, seen=COUNTER)
    told(receiver, ("seen", OF, [(T0 + 1, 3.0)]))
    assert told(receiver, ("seen", OF, [(T0 + 3, 7.0)])) == {"seen_per_s": 2.0}


def test_ended_series_infos_and_reserved_names():
    receiver = RemoteWriteReceiver()
    assert told(receiver, ("up", OF, [(T0, 1.0)])) == {"reported_up": 1.0}
    assert told(receiver, ("up", OF, [(T0 + 1, STALE)])) == {}
    assert told(receiver, ("build_info", OF | {"v": "1"}, [(T0, 1.0)])) == {}
    (beat,) = receiver.read(body(("job:rate", {}, [(T0, 1.0)])), "default").heartbeats
    assert beat.agent_id == "prometheus"


def test_whether_a_target_is_up_is_one_metric_whatever_its_labels():
    receiver = RemoteWriteReceiver()
    one, other = (OF | {"cluster": "c1", "metrics_path": path} for path in ("/metrics", "/other"))
    assert told(receiver, ("up", one, [(T0, 1.0)])) == {"reported_up": 1.0}
    assert told(receiver, ("up", other, [(T0 + 5, 0.0)])) == {"reported_up": 0.0}
    assert told(receiver, ("up", one, [(T0 + 15, 1.0)])) == {"reported_up": 0.0}
    assert told(receiver, ("up", other, [(T0 + 16, STALE)])) == {}
    assert told(receiver, ("up", one, [(T0 + 30, 1.0)])) == {"reported_up": 1.0}


def test_a_target_that_nobody_tells_of_any_more_is_forgotten():
    receiver = RemoteWriteReceiver()
    told(receiver, ("up", OF | {"replica": "a"}, [(T0, 0.0)]))
    replica = OF | {"replica": "b"}
    assert told(receiver, ("up", replica, [(T0 + 300, 1.0)])) == {"reported_up": 0.0}
    assert told(receiver, ("up", replica, [(T0 + 301, 1.0)])) == {"reported_up": 1.0}


def test_a_bucket_without_an_end_spoils_no_request():
    receiver = RemoteWriteReceiver()
    for at in (T0, T0 + 10, T0 + 20):
        endless = [(name, labels, [(at, float("inf"))]) for name, labels, _ in parts(at, 1, 2)]
        assert told(receiver, ("node_load1", OF, [(at, 0.5)]), *endless) == {"node_load1": 0.5}


def test_series_with_long_labels_are_read_without_being_remembered():
    receiver = RemoteWriteReceiver()
    long = OF | {"query": "q" * 10_000}
    receiver.read(body(("hits_total", long, [(T0, 10.0)])), "default")
    (name,) = (found := told(receiver, ("hits_total", long, [(T0 + 10, 60.0)])))
    assert found[name] == 5.0
    assert len(receiver._series) == 0


def test_what_cannot_be_read_is_said():
    for wrong in (b"\xff", b"\x0a\x05\x0a\x03\xff\xff\xff"):
        with pytest.raises(Undecodable):
            RemoteWriteReceiver().read(wrong, "default")
