"""A scrape's own part: strict format, requests by route, the process, and what it may cost."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict

import httpx
import pytest

from api.metrics.kept import FRESH_S, SCOPES, Kept
from api.metrics.requests import BUCKETS_S, NAME, UNROUTED, Latencies
from tests.unit.api.conftest import RunningApi

NAME_OF = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\n|\\")*)"(?:,|$)')
LINE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)")
Labels = tuple[tuple[str, str], ...]


def parsed(text: str) -> dict[str, tuple[str, dict[tuple[str, Labels], float]]]:
    """Return type and samples of each family; anything that the format forbids fails.

    A family's lines stand together, HELP before TYPE before its samples, and no sample twice.
    """
    assert text.endswith("\n")
    found: dict[str, tuple[str, dict[tuple[str, Labels], float]]] = {}
    helped = kind = name = ""
    for line in text.splitlines():
        if line.startswith("# HELP "):
            helped = line.split(" ", 3)[2]
            assert helped not in found, f"{helped} stands in two places"
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name == helped
            assert NAME_OF.fullmatch(name)
            assert kind in ("gauge", "counter", "histogram")
            assert (kind == "counter") == name.endswith("_total"), name
            found[name] = (kind, {})
        else:
            sample, labels, value = _sample(line)
            suffixes = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
            assert sample in {name + suffix for suffix in suffixes}, line
            assert (sample, labels) not in found[name][1], f"twice: {line}"
            found[name][1][sample, labels] = value
    return found


def _sample(line: str) -> tuple[str, Labels, float]:
    match = LINE.fullmatch(line)
    assert match, line
    inner = match[2] or ""
    pairs = tuple(LABEL.findall(inner))
    assert ",".join(f'{name}="{text}"' for name, text in pairs) == inner, line
    assert len(dict(pairs)) == len(pairs), line
    return match[1], pairs, float(match[3])


def scraped(api: RunningApi, who: str | None = None) -> dict:
    with api.client(who) as client:
        return parsed(client.get("/metrics").text)


def test_every_family_is_named_as_prometheus_advises(api: RunningApi) -> None:
    families = scraped(api)
    assert {name for name in families if not name.startswith(("homeostat_", "process_"))} == set()
    assert {
        "homeostat_agent_status", "homeostat_agent_health_score", "homeostat_findings_open",
        "homeostat_incidents_active",
        "homeostat_actions_total", "homeostat_partition_lag_records", NAME,
        "homeostat_dead_letters_total", "process_cpu_seconds_total",
    } <= families.keys()  # fmt: skip


def test_an_action_that_ended_is_counted_by_its_outcome(api: RunningApi) -> None:
    _, samples = scraped(api)["homeostat_actions_total"]
    ((_, labels),) = samples
    assert dict(labels)["tenant"] == "default"
    assert dict(labels)["outcome"] not in ("", "finished")
    assert set(samples.values()) == {1.0}


def test_requests_are_counted_by_route_and_never_by_path(api: RunningApi) -> None:
    with api.client() as client:
        for agent in ("web-0", "web-1", "unheard-of"):
            client.get(f"/api/v1/agents/{agent}")
        client.get("/a/path/that/is/not/there")
        client.request("PROPFIND", "/api/v1/agents")
    _, samples = scraped(api)[NAME]
    counts: dict[tuple[str, str, str], float] = defaultdict(float)
    for (sample, labels), value in samples.items():
        if sample.endswith("_count"):
            of = dict(labels)
            counts[of["method"], of["route"], of["status"]] += value
    assert counts["GET", "/agents/{agent_id}", "200"] >= 2
    assert counts["GET", "/agents/{agent_id}", "404"] >= 1
    assert any(method == "other" for method, _, _ in counts)
    assert not any("web-" in route or "that" in route for _, route, _ in counts)


def test_the_process_is_told_of_to_the_installation_only(api: RunningApi) -> None:
    families = scraped(api)
    assert families["process_resident_memory_bytes"][1]["process_resident_memory_bytes", ()] > 1e6
    others = scraped(api, "viewer")
    assert NAME not in others
    assert not any(name.startswith("process_") for name in others)


def test_buckets_grow_and_end_with_the_count() -> None:
    latencies = Latencies()
    for took_s in (0.0, BUCKETS_S[0], 0.3, 99.0):
        latencies.observe("GET", UNROUTED, 200, took_s)
    kind, samples = parsed(latencies.text())[NAME]
    assert kind == "histogram"
    below = {dict(labels)["le"]: value for (n, labels), value in samples.items() if "_bucket" in n}
    assert list(below.values()) == sorted(below.values())
    assert (below["0.005"], below["0.25"], below["0.5"], below["10"], below["+Inf"]) == (
        2,
        2,
        3,
        3,
        4,
    )
    ((count,), (total,)) = (
        [value for (name, _), value in samples.items() if name.endswith(suffix)]
        for suffix in ("_count", "_sum")
    )
    assert (count, total) == (4, pytest.approx(99.305))


async def test_scrapes_at_once_and_soon_after_ask_once() -> None:
    now, asked = [0.0], []
    kept = Kept(clock=lambda: now[0])

    async def ask() -> str:
        asked.append(now[0])
        await asyncio.sleep(0)
        return f"of {now[0]}"

    assert await asyncio.gather(*(kept.get(None, ask) for _ in range(5))) == ["of 0.0"] * 5
    now[0] = FRESH_S - 0.1
    assert await kept.get(None, ask) == "of 0.0"
    now[0] = FRESH_S
    assert await kept.get(None, ask) == f"of {FRESH_S}"
    assert await kept.get("another tenant", ask) == f"of {FRESH_S}"
    assert asked == [0.0, FRESH_S, FRESH_S]


async def test_no_more_tenants_are_kept_than_fit() -> None:
    kept = Kept()

    async def ask() -> str:
        return "text"

    for number in range(3 * SCOPES):
        await kept.get(f"tenant-{number}", ask)
    assert len(kept._texts) <= SCOPES


async def test_what_failed_is_not_kept() -> None:
    kept = Kept()

    async def fail() -> str:
        raise ConnectionError

    async def work() -> str:
        return "text"

    with pytest.raises(ConnectionError):
        await kept.get(None, fail)
    assert await kept.get(None, work) == "text"


def test_the_documents_of_the_api_and_of_the_log_need_no_token(api: RunningApi) -> None:
    for path, standard in (("/api/v1/openapi.json", "openapi"), ("/asyncapi.json", "asyncapi")):
        answer = httpx.get(api.base + path)
        assert answer.status_code == 200
        assert answer.json()[standard].startswith("3.")
