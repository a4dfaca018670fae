"""A PostgreSQL database as an agent, from its own statistics.

One connection is held, read-only and with a limit on every statement.

Source: chapter *The Cumulative Statistics System* of PostgreSQL's manual; versions 13 and later.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from streams.producers.series.counters import Counters
from streams.producers.sources.sensor import UP, Measured, SourceAway

if TYPE_CHECKING:
    import psycopg

log = logging.getLogger(__name__)

_STATEMENT_MS: Final = 5000
_DATABASE: Final = """
SELECT d.xact_commit, d.xact_rollback, d.blks_read, d.blks_hit, d.deadlocks, d.temp_bytes,
       extract(epoch FROM d.stats_reset) AS since,
       pg_database_size(d.datname) AS database_size_bytes,
       current_setting('max_connections')::int AS most,
       current_setting('server_version') AS version, current_user AS role,
       pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS sees_others,
       d.numbackends - 1 AS others,
       EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_stat_statements') AS statements,
       a.*, r.*
FROM pg_stat_database d,
LATERAL (
  SELECT count(*) AS connections,
         count(*) FILTER (WHERE state = 'active') AS connections_active,
         count(*) FILTER (WHERE state LIKE 'idle in transaction%%')
           AS connections_idle_in_transaction,
         count(*) FILTER (WHERE wait_event_type = 'Lock') AS connections_waiting,
         count(*) FILTER (WHERE state = 'active'
           AND clock_timestamp() - query_start > %(slow_ms)s * interval '1 ms') AS slow_queries,
         coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)
           AS longest_transaction_s
  FROM pg_stat_activity
  WHERE datname = d.datname AND backend_type = 'client backend' AND pid <> pg_backend_pid()
) a,
LATERAL (
  SELECT count(*) AS replicas,
         max(extract(epoch FROM replay_lag)) AS replica_lag_s,
         max(pg_wal_lsn_diff(sent_lsn, replay_lsn)) AS replication_lag_bytes,
         CASE WHEN NOT pg_is_in_recovery() THEN NULL
              WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
              ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())
         END AS own_lag_s
  FROM pg_stat_replication
) r
WHERE d.datname = current_database()
"""
_STATEMENTS: Final = """
SELECT sum(calls) AS calls, sum(total_exec_time) AS busy_ms,
       count(*) FILTER (WHERE mean_exec_time > %(slow_ms)s) AS slow_statements
FROM pg_stat_statements
WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_LEVELS: Final = (
    "connections", "connections_active", "connections_idle_in_transaction", "connections_waiting",
    "slow_queries", "longest_transaction_s", "database_size_bytes", "replicas",
    "replication_lag_bytes", "slow_statements",
)  # fmt: skip
_OF_OTHERS: Final = frozenset(_LEVELS) - {"database_size_bytes", "slow_statements"}
"""What is told of nobody else to a role that may not see it: as of an idle database."""
_GROWING: Final = {
    "xact_commit": "transactions_per_s",
    "xact_rollback": "rollbacks_per_s",
    "deadlocks": "deadlocks_per_s",
    "temp_bytes": "temporary_bytes_per_s",
    "calls": "statements_per_s",
}
_FORGETTING: Final = frozenset({"calls"})
"""Sums over statements, of which the extension forgets those that are seldom run."""


class PostgresqlSensor:
    """Asks one database.

    Parameters
    ----------
    dsn : str
        How to connect, as libpq has it.
    password_file : Path or None
        A file with the password.
    slow_ms : float
        From when on a statement counts as slow.
    """

    kind = "database"
    alive = UP

    def __init__(self, name: str, dsn: str, password_file: Path | None, slow_ms: float) -> None:
        self.name = name
        self._dsn = dsn
        self._password_file = password_file
        self._slow = {"slow_ms": slow_ms}
        self._counters = Counters()
        self._told = False
        self._connection: psycopg.AsyncConnection[dict[str, Any]] | None = None

    async def read(self) -> list[Measured]:
        """Ask once.

        Raises
        ------
        SourceAway
            If the database does not answer, or does not let us look.
        """
        import psycopg

        try:
            row = await self._ask()
        except psycopg.Error as error:
            await self.close()
            raise SourceAway(" ".join(str(error).split())) from error
        except BaseException:
            await self.close()
            raise
        metrics = metrics_of(row, time.time(), self._counters)
        return [Measured(self.name, metrics, labels_of(row))]

    async def close(self) -> None:
        """Disconnect."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _ask(self) -> dict[str, Any]:
        connection = self._connection = self._connection or await self._connect()
        cursor = await connection.execute(_DATABASE, self._slow)
        row = await cursor.fetchone() or {}
        return row | await self._statements(connection) if row.get("statements") else row

    async def _statements(
        self, connection: psycopg.AsyncConnection[dict[str, Any]]
    ) -> dict[str, Any]:
        """Return what the extension says; nothing where it is there and yet cannot be asked."""
        from psycopg import errors

        try:
            cursor = await connection.execute(_STATEMENTS, self._slow)
            return await cursor.fetchone() or {}
        except (
            errors.ObjectNotInPrerequisiteState,  # not loaded with the server
            errors.InsufficientPrivilege,
            errors.UndefinedTable,  # in a schema that is not searched
        ) as error:
            if not self._told:
                log.warning("%s tells nothing of its statements: %s", self.name, error)
            self._told = True
            return {}

    async def _connect(self) -> psycopg.AsyncConnection[dict[str, Any]]:
        import psycopg
        from psycopg.conninfo import make_conninfo
        from psycopg.rows import dict_row

        where = self._dsn
        if self._password_file is not None:
            password = self._password_file.read_text(encoding="utf-8").strip()
            where = make_conninfo(where, password=password)
        options = f"-c statement_timeout={_STATEMENT_MS} -c default_transaction_read_only=on"
        return await psycopg.AsyncConnection.connect(
            where, autocommit=True, row_factory=dict_row, application_name="homeostat",
            options=options,
        )  # fmt: skip


def labels_of(row: Mapping[str, Any]) -> dict[str, str]:
    """Return the version, and what is not known for want of a right, with the remedy."""
    labels = {"version": row["version"].split()[0]}
    if not row["sees_others"]:
        role = row["role"]
        labels["verdict"] = (
            f"{role} may not see what others do, so that is left out: GRANT pg_monitor TO {role}"
        )
    return labels


def metrics_of(row: Mapping[str, Any], at: float, counters: Counters) -> dict[str, float]:
    """Return what a row of statistics says; rates are those since the row before.

    Parameters
    ----------
    row : mapping
        The columns of the statements above; what does not apply is None or missing.
    at : float
        When it was read, in seconds since the epoch.
    """
    known = _LEVELS if row["sees_others"] else [each for each in _LEVELS if each not in _OF_OTHERS]
    found = {name: float(row[name]) for name in known if row.get(name) is not None}
    found.setdefault("connections", float(row["others"]))
    found["connection_usage"] = 100.0 * found["connections"] / row["most"]
    of_lag = ("replica_lag_s", "own_lag_s") if row["sees_others"] else ("own_lag_s",)
    lags = [row[name] for name in of_lag if row.get(name) is not None]
    if lags:
        found["replication_lag_s"] = float(max(lags))
    since = float(row.get("since") or 0.0)
    for column, name in _GROWING.items():
        if row.get(column) is not None:
            forgets = column in _FORGETTING
            start = 0.0 if forgets else since
            growth = counters.grown(column, at, (float(row[column]),), start, restarts=not forgets)
            if growth is not None:
                found[name] = growth.parts[0] / growth.seconds
    return found | _shares(row, at, since, counters)


def _shares(
    row: Mapping[str, Any], at: float, since: float, counters: Counters
) -> dict[str, float]:
    """Return the hit rate of the buffers and the mean time of statements, since the row before."""
    found = {}
    blocks = counters.grown("blocks", at, (float(row["blks_hit"]), float(row["blks_read"])), since)
    if blocks is not None and sum(blocks.parts) > 0:
        found["cache_hit_rate"] = blocks.parts[0] / sum(blocks.parts)
    if row.get("calls") is not None:
        parts = (float(row["calls"]), float(row["busy_ms"]))
        spent = counters.grown("spent", at, parts, restarts=False)
        if spent is not None and spent.parts[0] > 0:
            found["statement_mean_ms"] = spent.parts[1] / spent.parts[0]
    return found
