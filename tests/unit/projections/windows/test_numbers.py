"""An agent keeps its number, whoever is named beside it and whoever asks."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, event

from projections.database import writing
from projections.windows.numbers import Numbers
from projections.windows.sections import AGENTS

MANY = [f"default/a{n:03d}" for n in range(100)]


@pytest.fixture
def numbers() -> Numbers:
    return Numbers()


def asked(engine: Engine, numbers: Numbers, keys: list[str]) -> list[int]:
    with writing(engine) as connection:
        return list(numbers.of(connection, keys[0].partition("/")[0], keys).tolist())


def test_it_stays_the_same_in_other_company_and_nothing_is_asked_for_again(
    engine: Engine, numbers: Numbers
) -> None:
    first = dict(zip(MANY, asked(engine, numbers, MANY), strict=True))
    said: list[str] = []

    @event.listens_for(engine, "before_cursor_execute")
    def _note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.append(statement)

    for silent in range(0, 100, 7):
        others = MANY[:silent] + MANY[silent + 1 :]
        assert asked(engine, numbers, others) == [first[key] for key in others]
    assert [statement for statement in said if "agent_numbers" in statement] == []


def test_whoever_comes_after_a_restart_begins_after_the_last_one(
    engine: Engine, numbers: Numbers
) -> None:
    first = asked(engine, numbers, MANY)
    again = Numbers()
    assert asked(engine, again, [*MANY[50:], "default/late"]) == [*first[50:], max(first) + 1]
    assert asked(engine, again, ["other/a000"]) == [0]


def test_many_that_are_new_together_begin_a_block_and_a_few_do_not(
    engine: Engine, numbers: Numbers
) -> None:
    assert asked(engine, numbers, MANY[:3]) == [0, 1, 2]
    assert asked(engine, numbers, MANY)[3:] == list(range(AGENTS, AGENTS + 97))
    assert asked(engine, numbers, ["default/one", "default/two", "default/one"]) == [161, 162, 161]


def test_what_a_transaction_gave_that_failed_is_given_anew(
    engine: Engine, numbers: Numbers
) -> None:
    first = asked(engine, numbers, MANY[:1])
    with engine.connect() as connection:
        assert numbers.of(connection, "default", MANY[1:2]).tolist() == [1]
        connection.rollback()
    numbers.rollback()
    assert asked(engine, numbers, ["default/other", MANY[0]]) == [1, *first]
    assert asked(engine, Numbers(), ["default/other"]) == [1]
