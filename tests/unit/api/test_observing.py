"""What Prometheus and Grafana are handed asks only for what a scrape tells."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.architecture.test_compose import COMPOSE, SERVICES
from tests.unit.api.conftest import RunningApi
from tests.unit.api.test_scrapes import scraped

CONFIG = Path(__file__).parents[3] / "config"
DASHBOARD: dict[str, Any] = json.loads((CONFIG / "grafana/dashboards/homeostat.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
RULES = yaml.safe_load((CONFIG / "prometheus/rules.yml").read_text())["groups"][0]["rules"]
PROMETHEUS = yaml.safe_load((CONFIG / "prometheus/prometheus.yml").read_text())
OF_PROMETHEUS_ITSELF = {"up": {"job", "instance"}}
ADDED = {"job", "instance"}
OTHERWISE_SEEN = {
    "homeostat_http_request_duration_seconds_sum",
    "homeostat_projection_lag_records",
    "homeostat_api_resident_memory_bytes",
}
"""What no panel shows, because another one tells it: latency, lag by partition, the process."""
SELECTOR = re.compile(r"\b((?:homeostat|process)_\w+|up)\b(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)(?:=~|!~|!=|=)"')
BY = re.compile(r"by \(([^)]*)\)")


def asked() -> Iterator[tuple[str, str]]:
    """Yield what asks, and its expression."""
    for panel in PANELS:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for rule in RULES:
        yield rule["alert"], rule["expr"]


@pytest.fixture(scope="module")
def told(api: RunningApi) -> dict[str, set[str]]:
    """Give each family's labels; those of a family without samples here are any."""
    parts = {}
    for name, (kind, samples) in scraped(api).items():
        labels = {label for _, of in samples for label, _ in of} or set("*")
        suffixes = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
        parts |= {name + suffix: labels for suffix in suffixes}
    return parts | OF_PROMETHEUS_ITSELF


def test_everything_that_is_asked_for_is_told(told: dict[str, set[str]]) -> None:
    for where, expression in asked():
        named = SELECTOR.findall(expression)
        assert named, f"{where} asks for nothing: {expression}"
        grouped = {label.strip() for by in BY.findall(expression) for label in by.split(",")}
        for name, matchers in named:
            assert name in told, f"{where}: {name}"
            if told[name] != {"*"}:
                wanted = grouped | set(MATCHER.findall(matchers))
                assert wanted <= told[name] | ADDED, f"{where}: {name} by {wanted}"


def test_everything_of_ours_that_is_told_is_asked_for(told: dict[str, set[str]]) -> None:
    named = {name for _, expression in asked() for name, _ in SELECTOR.findall(expression)}
    ours = {name for name in told if name.startswith("homeostat_")}
    assert ours - named == OTHERWISE_SEEN


def test_counters_are_asked_for_their_growth() -> None:
    for where, expression in asked():
        for name, _ in SELECTOR.findall(expression):
            if name.endswith(("_total", "_bucket", "_count")):
                assert re.search(rf"(rate|increase)\({name}", expression), f"{where}: {name}"


def test_panels_have_a_place_each_a_unit_and_the_provisioned_source() -> None:
    source = yaml.safe_load(
        (CONFIG / "grafana/provisioning/datasources/homeostat.yaml").read_text()
    )
    (uid,) = {one["uid"] for one in source["datasources"]}
    taken: dict[tuple[int, int], int] = defaultdict(int)
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                taken[x, y] += 1
    assert set(taken.values()) == {1}
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    for panel in PANELS:
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert {target["datasource"]["uid"] for target in panel["targets"]} == {uid}
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])


def test_they_find_each_other_in_the_compose_file() -> None:
    (job,) = PROMETHEUS["scrape_configs"]
    (target,) = job["static_configs"][0]["targets"]
    host, port = target.split(":")
    environment = SERVICES[host]["environment"]
    assert environment["HOMEOSTAT_API_PORT"] == port
    assert host in json.loads(environment["HOMEOSTAT_API_HOSTS"])
    token = job["authorization"]["credentials_file"]
    assert environment["HOMEOSTAT_SCRAPE_TOKEN_FILE"] == token
    for service in ("prometheus", host):
        assert any(v.startswith("observing:/run/observing") for v in SERVICES[service]["volumes"])
    (provider,) = yaml.safe_load(
        (CONFIG / "grafana/provisioning/dashboards/homeostat.yaml").read_text()
    )["providers"]
    assert any(f":{provider['options']['path']}:" in v for v in SERVICES["grafana"]["volumes"])
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{provider['options']['path']}/homeostat.json"
    assert {"measured", "drawn"} <= COMPOSE["volumes"].keys()


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed here")
def test_promtool_reads_every_rule_and_every_panel(tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": expression}
        for number, (_, panel) in enumerate(asked())
        for expression in [panel.replace("$__rate_interval", "1m").replace("$tenant", ".*")]
    ]
    panels = tmp_path / "panels.yml"
    panels.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    for file in (panels, CONFIG / "prometheus/rules.yml"):
        done = subprocess.run(
            ["promtool", "check", "rules", str(file)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
