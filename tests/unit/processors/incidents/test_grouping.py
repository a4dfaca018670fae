"""Which findings are one incident, and which are not."""

from __future__ import annotations

import pytest

from config.incidents import IncidentPolicy
from processors.incidents.alike import needed_for
from streams.contracts.events.finding import FindingRaised
from tests.unit.processors.incidents.fleet_of_findings import T0, Findings


def because(fleet: Findings) -> dict[str, str]:
    return {m.agent.partition("/")[2]: m.because for m in fleet.only().members}


@pytest.mark.parametrize(
    "order", [("web", "app", "db"), ("db", "app", "web"), ("app", "web", "db")]
)
def test_a_cascade_is_one_incident_that_began_where_nothing_else_explains_it(order) -> None:
    fleet = Findings()
    for agent, needed in {"db": "", "app": "db", "web": "app"}.items():
        fleet.register(agent, host=f"host-{agent}", depends_on=needed)
    for agent in order:
        fleet.fail(agent)
    fleet.wait(2)
    assert fleet.only().root.agent == "default/db"
    assert because(fleet) == {"db": "root", "app": "depends_on", "web": "depends_on"}
    assert fleet.only().candidates[0].agent == "default/db"


def test_a_cause_is_found_through_an_agent_that_shows_nothing() -> None:
    fleet = Findings()
    for agent, needed in {"db": "", "app": "db", "web": "app"}.items():
        fleet.register(agent, depends_on=needed)
    fleet.fail("web")
    fleet.fail("db")
    fleet.wait(2)
    assert fleet.only().root.agent == "default/db"


def test_what_runs_on_a_host_belongs_together_and_the_host_is_the_root() -> None:
    fleet = Findings()
    fleet.register("alpha", "host")
    for agent in ("a", "b", "c"):
        fleet.register(agent, host="alpha")
        fleet.fail(agent)
    fleet.fail("alpha", kind="agent_offline", metric="")
    fleet.wait(2)
    assert fleet.only().root.agent == "default/alpha"
    assert because(fleet) == {"alpha": "root", "a": "same_host", "b": "same_host", "c": "same_host"}


def test_the_first_finding_says_what_linked_it_though_its_agent_failed_again() -> None:
    fleet = Findings()
    fleet.register("alpha", "host")
    fleet.register("web", host="alpha")
    fleet.heal("web", fleet.fail("web", severity="warning"))
    fleet.fail("web", metric="slow", kind="anomaly", severity="warning")
    fleet.fail("alpha", kind="agent_offline", metric="")
    fleet.wait(2)
    reasons = [m.because for m in fleet.only().members]
    assert reasons == ["root", "same_host", "time"]


def test_a_version_that_fails_everywhere_is_one_incident() -> None:
    fleet = Findings()
    for n in range(12):
        fleet.register(f"a{n}", "cache", host=f"h{n}", version="2" if n < 4 else "1")
    for n in range(4):
        fleet.fail(f"a{n}", kind="anomaly", metric="latency_ms")
    fleet.wait(2)
    assert fleet.only().agents == 4
    assert set(because(fleet).values()) == {"root", "cohort"}


def test_what_happens_every_day_is_not_taken_into_a_cohort_that_is_over() -> None:
    fleet = Findings()
    for n in range(400):
        fleet.register(f"a{n}", "cache", host=f"h{n}")
    for n in range(20):
        fleet.fail(f"a{n}", kind="anomaly", metric="latency_ms")
    fleet.wait(2)
    assert fleet.only().agents == 20
    for n in range(20, 40):
        fleet.wait(60, every=5)
        fleet.fail(f"a{n}", kind="anomaly", metric="latency_ms")
    assert len(fleet.latest()) > 15
    assert max(each.agents for each in fleet.latest().values()) < 25


def test_the_unrelated_stay_apart() -> None:
    fleet = Findings()
    for n in range(20):
        fleet.register(f"a{n}", "cache" if n % 2 else "web", host=f"h{n}")
    fleet.fail("a1", metric="up")
    fleet.fail("a2", metric="up")
    fleet.fail("a3", metric="latency_ms", kind="anomaly")
    fleet.wait(2)
    assert sorted(each.agents for each in fleet.latest().values()) == [1, 1, 1]


def test_another_tenants_agents_are_never_of_the_same_incident() -> None:
    fleet = Findings()
    fleet.register("db")
    fleet.register("web", depends_on="db")
    fleet.fail("web")
    down = FindingRaised("f", "service_down", "critical", "up", 0.0, None, None, T0, "", 1)
    fleet.send("other/db", down)
    fleet.wait(2)
    assert len(fleet.latest()) == 2


def test_what_fails_after_the_window_is_another_incident() -> None:
    fleet = Findings()
    for agent in ("a", "b"):
        fleet.register(agent, host="alpha")
    fleet.heal("a", fleet.fail("a"))
    fleet.wait(61)
    fleet.wait(IncidentPolicy().window_s)
    fleet.fail("b")
    fleet.wait(2)
    assert fleet.only().agents == 1


def test_a_dependency_that_stays_down_explains_whatever_fails_later() -> None:
    fleet = Findings()
    fleet.register("db")
    fleet.register("web", depends_on="db")
    fleet.fail("db")
    fleet.wait(900)
    fleet.fail("web")
    fleet.wait(2)
    assert fleet.only().agents == 2
    assert fleet.only().root.agent == "default/db"


def test_a_link_that_appears_later_makes_two_incidents_one() -> None:
    fleet = Findings()
    fleet.register("app")
    fleet.register("left", depends_on="app")
    fleet.register("right", depends_on="app")
    fleet.fail("left")
    fleet.wait(2)
    fleet.fail("right")
    fleet.wait(2)
    first, second = (data["incident_id"] for data in fleet.of("opened"))
    fleet.fail("app")
    fleet.wait(2)
    (closed,) = fleet.of("closed")
    assert (closed["incident_id"], closed["reason"]) == (second, "merged")
    assert closed["merged_into"] == first
    assert fleet.of("changed")[-1]["merged"] == [second]
    assert fleet.only().incident_id == first
    assert fleet.only().root.agent == "default/app"


def test_one_threat_on_many_hosts_is_coordinated() -> None:
    fleet = Findings()
    for n in range(40):
        fleet.register(f"a{n}", ("web", "cache", "db", "queue")[n % 4], host=f"h{n}")
    for n in range(6):
        fleet.fail(f"a{n}", kind="threat", metric="exfiltration")
        fleet.wait(1)
    fleet.wait(2)
    assert fleet.only().coordinated
    assert fleet.only().agents == 6
    assert fleet.only().title.startswith("Coordinated threat")


def test_one_threat_on_one_host_is_not_coordinated() -> None:
    fleet = Findings()
    for n in range(6):
        fleet.register(f"a{n}", host="alpha")
        fleet.fail(f"a{n}", kind="threat", metric="exfiltration")
    fleet.wait(2)
    assert not fleet.only().coordinated


def test_who_failed_together_often_enough_is_linked_without_a_label() -> None:
    fleet = Findings()
    for agent in ("first", "second"):
        fleet.register(agent, agent, host=f"h-{agent}")
    for _ in range(4):
        one = fleet.fail("first", metric="x")
        fleet.wait(5)
        other = fleet.fail("second", metric="y")
        fleet.wait(5)
        fleet.heal("first", one)
        fleet.heal("second", other)
        fleet.wait(600)
    opened = fleet.of("opened")
    assert [len(data["members"]) for data in opened[:4]] == [1] * 4
    fleet.fail("first", metric="x")
    fleet.wait(5)
    fleet.fail("second", metric="y")
    fleet.wait(2)
    assert because(fleet) == {"first": "root", "second": "learnt"}


def test_who_fails_all_the_time_is_linked_with_nobody() -> None:
    fleet = Findings()
    for agent in ("noisy", "quiet"):
        fleet.register(agent, agent, host=f"h-{agent}")
    for n in range(60):
        fleet.heal("noisy", fleet.fail("noisy", metric="x"))
        fleet.wait(90)
        if n % 10 == 9:
            fleet.heal("quiet", fleet.fail("quiet", metric="y"))
    fleet.wait(300)
    fleet.fail("noisy", metric="x")
    fleet.fail("quiet", metric="y")
    fleet.wait(2)
    assert len(fleet.latest()) == 2


def test_it_closes_after_quiet_and_not_before() -> None:
    fleet = Findings()
    finding = fleet.fail("web")
    fleet.wait(10)
    fleet.heal("web", finding)
    fleet.wait(2)
    assert fleet.only().status == "recovering"
    fleet.wait(55)
    again = fleet.fail("web")
    fleet.wait(2)
    assert fleet.only().status == "open"
    assert fleet.only().findings == 2
    fleet.heal("web", again)
    fleet.wait(61)
    (closed,) = fleet.of("closed")
    assert (closed["reason"], closed["lasted_s"]) == ("quiet", 69.0)
    assert not fleet.latest()


def test_what_was_quiet_for_a_while_and_fails_again_stays_open_however_long() -> None:
    fleet = Findings()
    fleet.heal("web", fleet.fail("web"))
    fleet.wait(55)
    fleet.fail("web")
    fleet.wait(300)
    assert fleet.only().status == "open"
    assert fleet.of("closed") == []


def test_what_is_said_of_a_finding_that_has_ended_makes_nothing_worse() -> None:
    fleet = Findings()
    over = fleet.fail("web", severity="warning")
    fleet.fail("web", metric="other", severity="warning")
    fleet.heal("web", over)
    fleet.wait(2)
    fleet.worsen("web", over, "critical")
    fleet.wait(2)
    assert fleet.only().severity == "warning"


def test_what_gets_worse_does_not_wait_for_what_is_to_be_told_anyway() -> None:
    fleet = Findings()
    finding = fleet.fail("web", severity="warning")
    fleet.wait(2)
    fleet.fail("web", metric="other", severity="warning")
    fleet.worsen("web", finding, "critical")
    assert fleet.only().severity == "critical"


def test_a_hint_of_one_agent_is_no_incident_until_it_is_more() -> None:
    fleet = Findings()
    fleet.register("web", depends_on="db")
    fleet.heal("web", fleet.fail("web", severity="info"))
    fleet.wait(100)
    assert fleet.told == []
    hint = fleet.fail("web", severity="info")
    fleet.wait(5)
    assert fleet.told == []
    fleet.worsen("web", hint, "warning")
    fleet.wait(2)
    assert fleet.only().severity == "warning"


def test_hints_of_two_linked_agents_are_an_incident() -> None:
    fleet = Findings()
    fleet.register("web", depends_on="db")
    fleet.fail("web", severity="info")
    fleet.fail("db", severity="info")
    fleet.wait(2)
    assert (fleet.only().severity, fleet.only().agents) == ("info", 2)


def test_what_gets_worse_is_told_at_once_and_the_rest_once_a_second() -> None:
    fleet = Findings()
    finding = fleet.fail("web", severity="warning")
    fleet.wait(2)
    fleet.worsen("web", finding, "critical")
    assert fleet.only().severity == "critical"
    told = len(fleet.told)
    for n in range(50):
        fleet.fail("web", metric=f"m{n}", severity="warning")
    fleet.wait(1)
    assert len(fleet.told) == told + 1
    assert fleet.only().findings == 51


def test_memory_is_bounded_and_what_makes_room_is_told_of() -> None:
    fleet = Findings(IncidentPolicy(max_incidents=10))
    for n in range(30):
        fleet.register(f"a{n}", f"type-{n}", host=f"h{n}")
        fleet.fail(f"a{n}")
        fleet.wait(2)
    assert len(fleet.latest()) == 10
    assert {data["reason"] for data in fleet.of("closed")} == {"evicted"}
    assert len(fleet.state.inner.incident_of) == 10


def test_what_is_over_makes_room_before_what_is_older_and_still_open() -> None:
    fleet = Findings(IncidentPolicy(max_incidents=10))
    ids = {}
    for n in range(10):
        fleet.register(f"a{n}", f"type-{n}", host=f"h{n}")
        ids[f"a{n}"] = fleet.fail(f"a{n}")
        fleet.wait(2)
    roots = {incident: told.root.agent for incident, told in fleet.latest().items()}
    fleet.heal("a5", ids["a5"])
    for n in range(10, 12):
        fleet.register(f"a{n}", f"type-{n}", host=f"h{n}")
        fleet.fail(f"a{n}")
        fleet.wait(2)
    evicted = [roots[data["incident_id"]] for data in fleet.of("closed")]
    assert evicted == ["default/a5", "default/a0"]


def test_an_incident_lists_few_and_counts_all() -> None:
    fleet = Findings(IncidentPolicy(max_members=5))
    fleet.register("alpha", "host")
    ids = {}
    for n in range(40):
        fleet.register(f"a{n}", host="alpha")
        ids[f"a{n}"] = fleet.fail(f"a{n}")
    fleet.wait(2)
    assert (len(fleet.only().members), fleet.only().agents, fleet.only().findings) == (5, 40, 40)
    for agent, finding in ids.items():
        fleet.heal(agent, finding)
    fleet.wait(2)
    assert fleet.only().findings == 40
    assert len(fleet.state.inner.incident_of) <= 20
    assert ids["a0"] not in fleet.state.inner.incident_of  # what ended first is forgotten first
    assert ids["a39"] in fleet.state.inner.incident_of


def test_nothing_is_left_behind_by_what_is_over() -> None:
    fleet = Findings()
    fleet.register("db", host="alpha", group="g")
    fleet.register("web", host="alpha", depends_on="db", group="g")
    for agent in ("db", "web"):
        fleet.heal(agent, fleet.fail(agent))
    fleet.wait(400)
    state = fleet.state.inner
    left = (state.incidents, state.found_by, state.incident_of, state.showing, state.due)
    assert not any(left)
    assert fleet.of("closed")[0]["reason"] == "quiet"


@pytest.mark.parametrize(("size", "needed"), [(0, 3), (10, 3), (50, 5), (1000, 11), (100_000, 260)])
def test_how_many_make_a_cohort(size: int, needed: int) -> None:
    assert needed_for(size, IncidentPolicy()) == needed
