"""What is written of a row is what differs from what is stored."""

from __future__ import annotations

from sqlalchemy import Column, Index, MetaData, String, Table
from sqlalchemy.types import JSON, Double

from projections.rows import Row, Rows

THINGS = Table(
    "things",
    MetaData(),
    Column("tenant_id", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("level", String),
    Column("seen", Double),
    Column("said", JSON),
    Index(None, "level"),
)


SAID = {"cpu": 1.0}


def thing(
    name: str, level: str = "well", seen: float = 1.0, said: dict[str, float] | None = None
) -> Row:
    return {"tenant_id": "t", "name": name, "level": level, "seen": seen, "said": said or SAID}


def test_rows_are_told_apart_by_the_columns_that_differ() -> None:
    stored = {("t", name): thing(name) for name in "abcd"}
    rows = Rows(lambda _table, key: stored.get(key))
    for name in "dcba":
        rows.get(THINGS, "t", name)
    rows.put(THINGS, thing("d", seen=2.0))
    rows.put(THINGS, thing("b", seen=3.0))
    rows.put(THINGS, thing("a", "ill", seen=2.0))
    rows.put(THINGS, thing("c"))  # the same as before
    rows.put(THINGS, thing("new"))
    changed = rows.changed()[THINGS]
    assert changed.new == [thing("new")]
    assert changed.known == {
        ("level", "seen"): [thing("a", "ill", seen=2.0)],
        ("seen",): [thing("b", seen=3.0), thing("d", seen=2.0)],
    }
    assert len(changed.all()) == 4
    assert [row["name"] for row in rows.put_into(THINGS)] == ["d", "b", "a", "c", "new"]


def test_equal_numbers_that_are_spelt_differently_are_written() -> None:
    rows = Rows(lambda _table, _key: thing("a", said={"cpu": 1.0}))
    rows.get(THINGS, "t", "a")
    rows.put(THINGS, thing("a", seen=1, said={"cpu": 1}))
    assert set(rows.changed()[THINGS].known) == {("seen", "said")}


def test_what_counts_is_what_was_stored_not_what_was_put_last() -> None:
    rows = Rows(lambda _table, _key: thing("a"))
    rows.get(THINGS, "t", "a")
    rows.put(THINGS, thing("a", "ill"))
    assert rows.get(THINGS, "t", "a") == thing("a", "ill")
    rows.put(THINGS, thing("a", "well"))
    assert rows.changed()[THINGS].known == {}


def test_what_was_never_asked_for_is_written_whole() -> None:
    rows = Rows(lambda _table, _key: None)
    rows.put(THINGS, thing("a"))
    assert rows.changed()[THINGS].new == [thing("a")]
