"""An incident asks for nobody's attention while silences withhold all that is open of it."""

from __future__ import annotations

from streams.contracts.events.finding import FindingReleased, FindingWithheld
from tests.unit.processors.incidents.fleet_of_findings import STEP, Findings


def withhold(fleet: Findings, agent: str, finding: str, silence: str = "s1") -> None:
    data = FindingWithheld(finding, "service_down", silence, "ada", "r", False, fleet.now + 60)
    fleet.send(f"default/{agent}", data)


def release(fleet: Findings, agent: str, finding: str) -> None:
    fleet.send(f"default/{agent}", FindingReleased(finding, "service_down", "s1", "over", 60.0))


def test_it_is_withheld_with_the_last_of_its_findings_and_released_with_the_first() -> None:
    fleet = Findings()
    fleet.register("db")
    fleet.register("web", depends_on="db")
    one, two = fleet.fail("db"), fleet.fail("web")
    fleet.wait(2)
    withhold(fleet, "db", one)
    assert fleet.of("withheld") == []
    withhold(fleet, "web", two, "s2")
    incident = fleet.of("opened")[0]["incident_id"]
    assert fleet.of("withheld") == [{"incident_id": incident, "silences": ["s1", "s2"]}]
    release(fleet, "db", one)
    assert fleet.of("released") == [{"incident_id": incident}]


def test_what_is_withheld_before_it_is_told_of_is_told_as_withheld() -> None:
    fleet = Findings()
    withhold(fleet, "db", fleet.fail("db"))
    fleet.wait(2)
    assert [event.type for event in fleet.told] == ["incident.opened", "incident.withheld"]


def test_an_end_of_what_was_not_silenced_leaves_it_withheld_and_one_more_finding_releases() -> None:
    fleet = Findings()
    one, two = fleet.fail("db"), fleet.fail("db", kind="anomaly", metric="cpu_usage")
    fleet.wait(2)
    withhold(fleet, "db", one)
    fleet.heal("db", two)
    assert len(fleet.of("withheld")) == 1
    fleet.fail("db", kind="threshold", metric="disk_usage")
    fleet.wait(2)
    assert len(fleet.of("released")) == 1
    fleet.state = STEP.load(fleet.state.context, STEP.dump(fleet.state))
    fleet.heal("db", one)
    assert len(fleet.of("withheld")) == 1
