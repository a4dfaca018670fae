"""Silences and what they withhold: now, page by page, and as they were."""

from __future__ import annotations

from sqlalchemy import Engine

from processors.step import Fact
from projections.queries.as_of import get_finding_as_of, list_findings_as_of
from projections.queries.findings import FindingQuery, list_findings
from projections.queries.matching import open_matching
from projections.queries.silences import count_standing, get_silence, list_silences, standing_counts
from projections.queries.totals import withheld_finding_counts
from projections.views import Views
from streams.contracts.events.finding import FindingReleased, FindingWithheld
from streams.contracts.events.silence import (
    Matcher,
    Recurrence,
    SilenceCreated,
    SilenceEnded,
    SilenceRefused,
)
from tests.integration.log_of_facts import (
    PARTITIONS,
    SIGNER,
    T0,
    FakeLog,
    facts_only,
    raised,
    registered,
    sealed,
)

HOUR = 3600.0
MONDAYS = Recurrence([0], 0, 3600, "UTC", [(0.0, 0)])


def created(name: str, at: float, **more: object) -> Fact:
    said = {"starts_at": at, "ends_at": at + HOUR, "reason": "r", "created_by": "ada"} | more
    data = SilenceCreated(name, [Matcher("agent", "a*")], **said)
    return Fact("default/silences", data, at)


def withheld(agent: str, finding: str, at: float) -> Fact:
    data = FindingWithheld(finding, "service_down", "one", "ada", "r", False, T0 + HOUR)
    return Fact(f"default/{agent}", data, at)


def filled(database: Engine) -> None:
    facts = [
        registered("a1"),
        registered("b1"),
        created("one", T0),
        created("windows", T0 + 1, ends_at=T0 + 30 * 24 * HOUR, recurrence=MONDAYS),
        created("later", T0 + 2, starts_at=T0 + 1000, maintenance=True),
        created("surplus", T0 + 3),
        Fact("default/silences", SilenceRefused("surplus", "tenant_limit", "full"), T0 + 4),
        raised("a1", "fa", T0 + 10),
        raised("b1", "fb", T0 + 11),
        withheld("a1", "fa", T0 + 12),
        withheld("b1", "fb", T0 + 13),
        Fact("default/b1", FindingReleased("fb", "service_down", "one", "changed", 7.0), T0 + 20),
        Fact("default/silences", SilenceEnded("later", "bob", "not needed"), T0 + 500),
    ]
    views = Views(database, SIGNER, PARTITIONS, "a test")
    numbered = list(enumerate(facts))
    views.write(facts_only(FakeLog().records(sealed("decision", "decisions", 0, numbered))))


def states(database: Engine, at: float, **asked: object) -> dict[str, str]:
    with database.connect() as connection:
        rows = list_silences(connection, "default", at, **asked).items
        return {row.silence_id: row.state(at) for row in rows}


def test_a_silence_is_what_it_was_at_every_moment(database: Engine) -> None:
    filled(database)
    assert states(database, T0 - 1) == {}
    early = states(database, T0 + 5)
    assert early == {"surplus": "refused", "later": "pending", "windows": "pending",
                     "one": "active"}  # fmt: skip
    assert states(database, T0 + 600)["later"] == "ended"
    assert states(database, T0 + 2 * HOUR)["one"] == "expired"
    assert states(database, T0 + 600, state="standing").keys() == {"one", "windows"}
    assert states(database, T0 + 600, state="active").keys() == {"one"}
    assert states(database, T0 + 600, state="over").keys() == {"later", "surplus"}


def test_silences_are_counted_found_and_paged(database: Engine) -> None:
    filled(database)
    with database.connect() as connection:
        assert count_standing(connection, "default", T0 + 5) == 3
        assert count_standing(connection, "another", T0 + 5) == 0
        assert standing_counts(connection, None, T0 + 5) == [
            (("default", "silence"), 2.0),
            (("default", "maintenance"), 1.0),
        ]
        first = list_silences(connection, "default", T0 + 5, limit=3)
        last = list_silences(connection, "default", T0 + 5, limit=3, cursor=first.next_cursor)
        assert [row.silence_id for row in first.items] == ["surplus", "later", "windows"]
        assert ([row.silence_id for row in last.items], last.next_cursor) == (["one"], None)
        assert get_silence(connection, "another", "one") is None
        assert get_silence(connection, "default", "one", T0 - 1) is None
        row = get_silence(connection, "default", "windows")
    assert row is not None
    turn = row.turns_at(T0 + 5)
    assert turn is not None
    assert turn % (7 * 86_400) == 4 * 86_400  # the first Monday after the epoch was its fifth day
    assert row.state(turn) == "active"


def test_a_finding_says_what_withholds_it_now_and_then(database: Engine) -> None:
    filled(database)
    with database.connect() as connection:
        assert withheld_finding_counts(connection, None) == [
            (("default", "service_down", "critical"), 1.0)
        ]
        silent = list_findings(connection, "default", FindingQuery(silenced=True)).items
        loud = list_findings(connection, "default", FindingQuery(silenced=False)).items
        then = list_findings_as_of(
            connection, "default", T0 + 15, FindingQuery(silenced=True)
        ).items
        before = get_finding_as_of(connection, "default", "fa", T0 + 11)
    assert [(row.finding_id, row.silence_id, row.silenced_by) for row in silent] == [
        ("fa", "one", "ada")
    ]
    assert [row.finding_id for row in loud] == ["fb"]
    assert {row.finding_id for row in then} == {"fa", "fb"}
    assert before is not None
    assert (before.silence_id, before.silenced_until) == ("", None)


def test_a_preview_uses_the_rule_that_withholds(database: Engine) -> None:
    filled(database)
    with database.connect() as connection:
        found = open_matching(connection, "default", [Matcher("agent", "a*|c*")])
        nobody = open_matching(connection, "default", [Matcher("kind", "service_*", negated=True)])
    assert (found.matching, found.open, found.agents, found.findings) == (1, 2, ["a1"], ["fa"])
    assert nobody.matching == 0
