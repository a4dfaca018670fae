"""Finds agents by text: a few candidates by their trigrams, where these are few."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    String,
    Table,
    bindparam,
    cast,
    func,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TEXT

from projections.models import agents
from projections.models.agents_text import FUNCTION
from projections.queries.statement import Statement

FEW: Final = 2000
"""With more candidates than that it is quicker to read agents in order until a page is full."""
_SHORTEST: Final = 3
_END: Final = 5
"""Names begin alike and end differently: the last characters of a text are mostly enough, and the
lists of agents that have the first ones are long."""
_ROWID: Final[ColumnElement[int]] = literal_column("rowid", Integer)
_MATCHING: Final = Statement(
    select(_ROWID)
    .select_from(text("agents_text"))
    .where(text("agents_text MATCH :phrase"))
    .limit(bindparam("most", type_=Integer)),
    int,
)

_PLANNED: Final = text(
    "EXPLAIN (FORMAT JSON) SELECT 1 FROM agents "
    "WHERE agents_trigrams(agent_id, type, labels) @> CAST(:narrowing AS text[])"
)
"""Says how many agents have those trigrams, by what is known of how many have each."""

_BEGINNING: Final = Statement(
    select(literal_column("doc", Integer))
    .distinct()
    .select_from(text("agents_text_terms"))
    .where(text("term >= :first AND term < :past"))
    .limit(bindparam("most", type_=Integer)),
    int,
)


def mentions(dialect: str, of: Table = agents) -> ColumnElement[bool]:
    """Return the condition that an agent's id, type or labels contain the parameter `text`.

    PostgreSQL thinks what is like a long pattern rare, and would read and sort all agents for what
    each of them contains. SQLite's LIKE takes no account of case, and needs no second function.
    """
    searched = (of.c.agent_id, of.c.type, cast(of.c.labels, String))
    given = bindparam("text", type_=String)
    if dialect == "postgresql":
        return or_(*(func.strpos(func.lower(c), given) > 0 for c in searched))
    return or_(*(c.like(given, escape="/") for c in searched))


def sought(dialect: str, wanted: str) -> str:
    """Return the value of the parameter `text`, by which `mentions` looks in any case.

    Examples
    --------
    >>> sought("sqlite", "Web_1"), sought("postgresql", "Web_1")
    ('%web/_1%', 'web_1')
    """
    if dialect == "postgresql":
        return wanted.lower()
    for special in "/%_":
        wanted = wanted.replace(special, f"/{special}")
    return f"%{wanted.lower()}%"


def narrowing(connection: Connection, wanted: str) -> Any:
    """Return the value of the parameter `narrowing`; None where trigrams are of no help.

    PostgreSQL is told trigrams of both ends, SQLite the rows that have them. Too short a text has
    none, though some may begin with it, and what many agents contain is found sooner by reading on.
    """
    if not wanted.isprintable():
        return None
    if len(wanted) < _SHORTEST:
        return _beginning(connection, wanted.lower())
    if connection.dialect.name == "postgresql":
        ends = _ends(wanted.lower())
        (plan,) = connection.execute(_PLANNED, {"narrowing": ends}).scalar_one()
        return ends if plan["Plan"]["Plan Rows"] <= FEW else None
    for part in dict.fromkeys((wanted[-_END:], wanted)):
        phrase = '"{}"'.format(part.replace('"', '""'))
        found = _MATCHING.all(connection, {"phrase": phrase, "most": FEW + 1})
        if len(found) <= FEW:
            return str(found)
    return None


def having(connection: Connection, tenant: str, column: str, value: str) -> str | None:
    """Return the rows of SQLite that have a value, where these are few; else None.

    It would go through all agents in the order of their scores, to find the few among them.
    """
    found = _having(column).all(connection, {"tenant": tenant, "value": value, "most": FEW + 1})
    return str(found) if len(found) <= FEW else None


@lru_cache
def _having(column: str) -> Statement[int]:
    c = agents.c
    mine = (c.tenant_id == bindparam("tenant")) & (c[column] == bindparam("value"))
    return Statement(select(_ROWID).where(mine).limit(bindparam("most", type_=Integer)), int)


def _beginning(connection: Connection, wanted: str) -> str | None:
    """Return the rows of SQLite that have a trigram which begins with a text, where these are few.

    Every character of a row begins one but its last two, which are the end of the labels.
    """
    if connection.dialect.name != "sqlite" or not wanted.isascii() or {*wanted} & {*"{}"}:
        return None
    past = wanted[:-1] + chr(ord(wanted[-1]) + 1)
    found = _BEGINNING.all(connection, {"first": wanted, "past": past, "most": FEW + 1})
    return str(found) if len(found) <= FEW else None


def _ends(wanted: str) -> list[str]:
    """Return the first trigram of a text, and the last two that differ.

    Each further one makes PostgreSQL's index slower, and narrows down little: names of one fleet
    are alike in their middle. The last ones alone let it choose a slower plan.

    Examples
    --------
    >>> _ends("agent-0123")
    ['012', '123', 'age']
    >>> _ends("agent-5000")
    ['000', '500', 'age']
    """
    backwards = dict.fromkeys(wanted[n : n + 3] for n in range(len(wanted) - 3, -1, -1))
    return sorted({wanted[:3], *list(backwards)[:2]})


def candidates(dialect: str) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that an agent is `tenant`'s and in `narrowing` (both parameters)."""
    c = agents.c
    if dialect == "postgresql":
        having = getattr(func, FUNCTION)(c.agent_id, c.type, c.labels, type_=ARRAY(TEXT))
        wanted = having.contains(bindparam("narrowing", type_=ARRAY(TEXT)))
        return c.tenant_id == bindparam("tenant"), wanted
    # The sign keeps the planner from going through all agents of a tenant, to look each up.
    owner: ColumnElement[str] = literal_column("+agents.tenant_id", String)
    rowid: ColumnElement[int] = literal_column("agents.rowid", Integer)
    return owner == bindparam("tenant"), rowid.in_(text("SELECT value FROM json_each(:narrowing)"))
