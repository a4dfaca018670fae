"""The reference says what the code says, and leaves nothing out."""

from __future__ import annotations

import re

import pytest

from api.guide.reference.document import FILE, document
from api.guide.reference.measured import MEASURED
from api.guide.reference.settings import BESIDE
from config.settings import Settings
from streams.producers.host_metrics import HostSensor
from tests.architecture.sources import modules


@pytest.fixture(scope="module")
def made() -> str:
    """Make the page from the code as it is."""
    return document()


def test_the_kept_page_is_what_the_code_says(made: str) -> None:
    kept = FILE.read_text(encoding="utf-8")
    assert kept == made, "write it anew: python -m api.guide.reference"


def test_nothing_is_listed_without_its_meaning(made: str) -> None:
    rows = [line for line in made.splitlines() if line.startswith("|")]
    assert len(rows) > 200
    assert not [row for row in rows if re.search(r"\|\s*\|$", row)]


def test_every_variable_that_the_code_reads_is_listed() -> None:
    listed = {f"HOMEOSTAT_{name.upper()}" for name in Settings.model_fields} | set(BESIDE)
    for path in modules():
        named = set(re.findall(r"\"(HOMEOSTAT_[A-Z_]+)\"", path.read_text(encoding="utf-8")))
        assert named <= listed, path


def test_every_metric_of_the_host_sensor_is_listed() -> None:
    sensor = HostSensor()
    sensor.read()
    listed = {name for names in MEASURED["host"] for name in names.split(", ")}
    assert {name.partition(":")[0] for name in sensor.read()} <= listed


def test_every_type_of_thing_is_there(made: str) -> None:
    for said in (
        "| `HOMEOSTAT_SESSION_S` | number, from 1 to 300 |",
        "| `duration_s` | number | `0` |",
        "### `homeostat log export`",
        "| `finding.raised` | 3 | `findings`, `decisions`, `correlation` |",
        "| `actions.commands` | facts | 1 | for ever |",
        "| `PUT /api/v1/policy` | admin |",
        "| `homeostat_findings_open` | gauge | tenant, kind, severity |",
    ):
        assert said in made
