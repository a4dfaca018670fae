"""Scrape after scrape of one exporter: what is taken, what it is called, what it comes to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.telemetry import MAX_METRICS, METRIC
from streams.producers.prometheus.exposition import labels_of, parse
from streams.producers.prometheus.scrape import Scraped


def values(scraped: Scraped, text: str, at: float) -> dict[str, float]:
    return scraped.values(parse(text), at)


def histogram(count: int) -> str:
    return (
        "# TYPE took histogram\n"
        'took_bucket{le="1"} 0\n'
        f'took_bucket{{le="2"}} {count}\n'
        f'took_bucket{{le="+Inf"}} {count}\n'
        f"took_sum {1.5 * count}\ntook_count {count}\n"
    )


def test_counters_are_rates_and_survive_a_restart_of_the_exporter():
    scraped = Scraped(["*"], {})
    text = "# TYPE hits counter\nhits {}\n"
    assert values(scraped, text.format(100), 10.0) == {}
    assert values(scraped, text.format(150), 20.0) == {"hits_per_s": 5.0}
    assert values(scraped, text.format(30), 30.0) == {"hits_per_s": 3.0}


def test_a_histogram_is_compared_with_the_scrape_before():
    scraped = Scraped(["took*"], {})
    assert values(scraped, histogram(10), 10.0) == {}
    expected = {"took_count_per_s": 2.0, "took_mean": 1.5, "took_p95": 1.95}
    assert values(scraped, histogram(30), 20.0) == pytest.approx(expected)


def test_summaries_have_their_own_quantiles():
    text = '# TYPE rpc summary\nrpc{quantile="0.5",m="x"} 7\nrpc{quantile="0.9"} NaN\nrpc_count 1\n'
    assert values(Scraped(["*"], {}), text, 1.0) == {"rpc_p50:m-x": 7.0}


def test_only_what_is_wanted_is_taken_and_labels_are_called_as_declared():
    scraped = Scraped(["disk_*", "load"], {"device": "d", "host": ""})
    text = 'disk_free{device="sda",host="h"} 1\nload 2\nloads 3\ncpu 4\n'
    assert values(scraped, text, 1.0) == {"disk_free:d-sda": 1.0, "load": 2.0}


def test_of_too_many_the_same_are_taken_each_time():
    scraped = Scraped(["*"], {})
    lines = [f'm{{i="{i:03}"}} {i}' for i in range(400)] + ["plain 1"]
    first = values(scraped, "\n".join(lines), 1.0)
    assert len(first) == MAX_METRICS - 3
    assert first["plain"] == 1.0
    assert scraped.left_out == 401 - len(first)
    assert values(scraped, "\n".join(reversed(lines)), 2.0) == first


def test_what_is_not_finite_is_no_value():
    assert values(Scraped(["*"], {}), "a NaN\nb +Inf\nc 1\n", 1.0) == {"c": 1.0}


NAMES = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,9}", fullmatch=True)
LABELS = st.dictionaries(NAMES, st.text(st.characters(blacklist_categories=("Cs",)), max_size=20))


def escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


@given(NAMES, LABELS, st.floats(allow_nan=False))
def test_whatever_is_exposed_is_read(name, labels, value):
    spelt = ",".join(f'{key}="{escaped(each)}"' for key, each in labels.items())
    ((head, read),) = parse(f"{name}{{{spelt}}} {value!r}\n").samples
    assert (labels_of(head), read) == ((name, labels), value)


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text):
    try:
        found = values(Scraped(["*"], {}), text, 1.0)
    except ValueError:
        return
    assert all(METRIC.fullmatch(name) for name in found)
