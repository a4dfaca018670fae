"""Finds agents by text: a few candidates by their trigrams, where these are few."""

from __future__ import annotations

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
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TEXT

from projections.models import agents
from projections.models.agents_text import FUNCTION

FEW: Final = 2000
"""With more candidates than that it is quicker to read agents in order until a page is full."""
_SHORTEST: Final = 3
_MATCHING: Final = text("SELECT rowid FROM agents_text WHERE agents_text MATCH :trigrams")
_COUNTED: Final = text(
    "SELECT count(*) FROM (SELECT 1 FROM agents_text WHERE agents_text MATCH :trigrams LIMIT :most)"
)


def mentions(of: Table = agents) -> ColumnElement[bool]:
    """Return the condition that an agent's id, type or labels are like the parameter `text`."""
    searched = (of.c.agent_id, of.c.type, cast(of.c.labels, String))
    return or_(*(func.lower(c).like(bindparam("text"), escape="/") for c in searched))


def pattern(wanted: str) -> str:
    """Return what is like everything that contains `wanted`, in any case.

    Examples
    --------
    >>> pattern("Web_1")
    '%web/_1%'
    """
    for special in "/%_":
        wanted = wanted.replace(special, f"/{special}")
    return f"%{wanted.lower()}%"


def trigrams(connection: Connection, wanted: str) -> Any:
    """Return the value of the parameter `trigrams`; None where trigrams are of no help.

    Too short a text has none, and one that most agents contain is found sooner by reading on.
    """
    if len(wanted) < _SHORTEST or not wanted.isprintable():
        return None
    if connection.dialect.name == "postgresql":
        lower = wanted.lower()
        return sorted({lower[n : n + 3] for n in range(len(lower) - 2)})
    phrase = '"{}"'.format(wanted.replace('"', '""'))
    found = connection.execute(_COUNTED, {"trigrams": phrase, "most": FEW + 1}).scalar_one()
    return phrase if found <= FEW else None


def candidates(dialect: str) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that an agent is `tenant`'s and has `trigrams` (both parameters)."""
    c = agents.c
    if dialect == "postgresql":
        having = getattr(func, FUNCTION)(c.agent_id, c.type, c.labels, type_=ARRAY(TEXT))
        wanted = having.contains(bindparam("trigrams", type_=ARRAY(TEXT)))
        return c.tenant_id == bindparam("tenant"), wanted
    # The sign keeps the planner from going through all agents of a tenant, to look each up.
    owner: ColumnElement[str] = literal_column("+agents.tenant_id", String)
    rowid: ColumnElement[int] = literal_column("agents.rowid", Integer)
    return owner == bindparam("tenant"), rowid.in_(_MATCHING)
