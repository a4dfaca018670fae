"""The text formats as their documents have them, and what is none."""

from __future__ import annotations

import math

import pytest

from streams.producers.prometheus.exposition import Malformed, labels_of, parse

EXAMPLE = r"""
# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3 1395066363000

# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="No file:\n\"FILE.TXT\""} 1.5e9

# Minimalistic line:
metric_without_timestamp_and_labels 12.47

# A weird metric from before the epoch:
something_weird{problem="division by zero"} +Inf -3982045

# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.05"} 24054
http_request_duration_seconds_bucket{le="+Inf"} 144320
http_request_duration_seconds_sum 53423
http_request_duration_seconds_count 144320

# TYPE rpc_duration_seconds summary
rpc_duration_seconds{ quantile = "0.99" , } 76656
rpc_duration_seconds{quantile="0.5"} NaN
"""


def test_the_example_of_the_format_is_read():
    found = parse(EXAMPLE)
    assert found.types == {
        "http_requests_total": "counter",
        "http_request_duration_seconds": "histogram",
        "rpc_duration_seconds": "summary",
    }
    read = [(*labels_of(head), value) for head, value in found.samples]
    assert read[0] == ("http_requests_total", {"method": "post", "code": "200"}, 1027.0)
    path = {"path": "C:\\DIR\\FILE.TXT", "error": 'No file:\n"FILE.TXT"'}
    assert read[2] == ("msdos_file_access_time_seconds", path, 1.5e9)
    assert read[3] == ("metric_without_timestamp_and_labels", {}, 12.47)
    assert read[4] == ("something_weird", {"problem": "division by zero"}, math.inf)
    assert read[9] == ("rpc_duration_seconds", {"quantile": "0.99"}, 76656.0)
    assert math.isnan(read[10][2])
    assert len(read) == 11


def test_openmetrics_adds_exemplars_and_an_end():
    text = (
        "# TYPE foo counter\n# UNIT foo seconds\n"
        'foo_total{a="}{"} 17.0 1520879607.789 # {trace_id="Kp#8"} 0.67 1520879607\n'
        "foo_created 1520872607.123\n# EOF\n"
    )
    found = parse(text, openmetrics=True)
    assert found.samples == [('foo_total{a="}{"}', 17.0), ("foo_created", 1520872607.123)]
    assert labels_of(found.samples[0][0]) == ("foo_total", {"a": "}{"})
    with pytest.raises(Malformed, match="EOF"):
        parse(text.removesuffix("# EOF\n"), openmetrics=True)
    with pytest.raises(Malformed, match="line 3"):
        parse(text)  # the older format has no exemplars


@pytest.mark.parametrize(
    "line",
    [
        "a",
        "a b",
        "1a 2",
        'a{b="c} 2',
        'a{b="c"',
        "a 1_000",
        "a 1 2 3",
        "a{b} 1 x",
        "<html>",
        "a 1 x",
    ],
)
def test_one_bad_line_spoils_a_scrape(line):
    with pytest.raises(Malformed, match="line 2"):
        parse(f"good 1\n{line}\n")


def test_white_space_costs_no_more_than_its_length():
    with pytest.raises(Malformed, match="line 1 is no sample"):
        parse("a" + " " * 200_000 + "x y z")
    assert parse('a {b="c"}\t 1').samples == [('a {b="c"}', 1.0)]


@pytest.mark.parametrize("head", ["a{b}", 'a{b="c" d="e"}', "a{=}"])
def test_labels_that_are_none_are_said(head):
    with pytest.raises(Malformed):
        labels_of(head)


def test_numbers_are_those_of_the_format():
    text = "a 0x1p-2\nb -Inf\nc 1e3\nd 0x10\r\n"
    assert [value for _, value in parse(text).samples] == [0.25, -math.inf, 1000.0, 16.0]
