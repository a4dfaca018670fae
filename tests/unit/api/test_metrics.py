"""What Prometheus scrapes is well-formed, bounded, and a tenant's own."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from api.exposition import MEDIA_TYPE, Family, exposition
from tests.unit.api.conftest import AGENTS, RunningApi

SAMPLE = re.compile(
    r'(?P<name>[a-z_]+)(?:\{(?P<labels>(?:[a-z_]+="(?:[^"\\\n]|\\[\\n"])*",?)*)\})? '
    r"(?P<value>-?[0-9.e+-]+)"
)


def scraped(api: RunningApi, who: str | None = None) -> str:
    with api.client(who) as client:
        answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == MEDIA_TYPE
    return answer.text


def samples(text: str) -> list[tuple[str, str, float]]:
    """Return name, labels and value of each sample, and insist on the format."""
    announced: dict[str, str] = {}
    found = []
    for line in text.splitlines():
        if line.startswith("# "):
            word, name, rest = line[2:].split(" ", 2)
            assert word in ("HELP", "TYPE")
            announced[name] = rest
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        assert announced[match["name"]] in ("gauge", "counter")
        found.append((match["name"], match["labels"] or "", float(match["value"])))
    assert len({(name, labels) for name, labels, _ in found}) == len(found)
    return found


def test_every_agent_is_counted_once(api: RunningApi) -> None:
    found = samples(scraped(api))
    assert sum(value for name, _, value in found if name == "homeostat_agents") == AGENTS
    names = {name for name, _, _ in found}
    assert {"homeostat_part_up", "homeostat_projected_records_total"} <= names


def test_a_tenant_sees_its_own_and_nothing_of_the_installation(api: RunningApi) -> None:
    found = samples(scraped(api, "stranger"))
    assert all('tenant="elsewhere"' in labels for _, labels, _ in found)


def test_without_a_token_nothing_is_told(api: RunningApi) -> None:
    import httpx

    assert httpx.get(f"{api.base}/metrics").status_code == 401


def test_hostile_names_cannot_break_a_line() -> None:
    family = Family("m", "gauge", "help", ("a",), [(('x"\n\\',), 1.0)])
    assert exposition([family]).splitlines()[-1] == 'm{a="x\\"\\n\\\\"} 1'


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed here")
def test_promtool_has_nothing_to_say(api: RunningApi) -> None:
    done = subprocess.run(
        ["promtool", "check", "metrics"],
        input=scraped(api),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
