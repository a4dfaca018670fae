"""What agents are found by: trigrams of their ids, types and labels.

A condition of the form "contains" reads every agent. Three characters in a row narrow that down to
a few, whose rows are then held against the whole condition; so it only matters that nothing is
missing here, and the database itself sees to that.

References
----------
SQLite documentation, "FTS5", section 4.3.5 "The Trigram Tokenizer", and 4.4.3 "Contentless Tables".
PostgreSQL documentation, "GIN Indexes"; ``pg_trgm`` would do as well, but is not always there.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Table, event

from projections.models.agent import agents

TABLE: Final = "agents_text"
FUNCTION: Final = "agents_trigrams"
SQLITE: Final = (
    """CREATE VIRTUAL TABLE agents_text
    USING fts5 (searched, content='', tokenize='trigram')""",
    """CREATE TRIGGER agents_text_enter AFTER INSERT ON agents BEGIN
    INSERT INTO agents_text (rowid, searched) VALUES (
        new.rowid, new.agent_id || char(10) || new.type || char(10) || new.labels); END""",
    """CREATE TRIGGER agents_text_leave AFTER DELETE ON agents BEGIN
    INSERT INTO agents_text (agents_text, rowid, searched) VALUES ('delete',
        old.rowid, old.agent_id || char(10) || old.type || char(10) || old.labels); END""",
    """CREATE TRIGGER agents_text_change AFTER UPDATE OF agent_id, type, labels ON agents
    WHEN old.agent_id <> new.agent_id OR old.type <> new.type OR old.labels <> new.labels BEGIN
    INSERT INTO agents_text (agents_text, rowid, searched) VALUES ('delete',
        old.rowid, old.agent_id || char(10) || old.type || char(10) || old.labels);
    INSERT INTO agents_text (rowid, searched) VALUES (
        new.rowid, new.agent_id || char(10) || new.type || char(10) || new.labels); END""",
    """INSERT INTO agents_text (rowid, searched)
    SELECT rowid, agent_id || char(10) || type || char(10) || labels FROM agents""",
)
TERMS: Final = """CREATE VIRTUAL TABLE IF NOT EXISTS agents_text_terms
    USING fts5vocab (agents_text, instance)"""
"""Each trigram with the agents that have it: for what is shorter than one, and begins some."""
POSTGRESQL: Final = (
    """CREATE FUNCTION agents_trigrams (agent_id text, type text, labels json) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array(
        SELECT DISTINCT substr(searched, n, 3)
        FROM (SELECT lower(agent_id || chr(10) || type || chr(10) || labels::text)) AS s (searched),
        generate_series(1, length(searched) - 2) AS n
    ) $$""",
    "CREATE INDEX ix_agents_text ON agents USING gin (agents_trigrams(agent_id, type, labels))",
)


def _created(_table: Table, connection: Connection, **_: Any) -> None:
    """Give SQLite's tables theirs; PostgreSQL only needs one to be quick, where pages are read."""
    if connection.dialect.name == "sqlite":
        for statement in (*SQLITE, TERMS):
            connection.exec_driver_sql(statement)


event.listen(agents, "after_create", _created)
