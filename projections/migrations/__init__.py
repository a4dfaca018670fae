"""The schema's history, applied at start."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect, text

from config.mistakes import SettingsError
from projections.database import writing

HEAD: Final = "0020"
"""The revision that the models describe; a test holds it against the scripts."""
_LOCK: Final = 0x486F6D65  # one migration at a time


class SchemaAhead(SettingsError):
    """A later release has made the views; this one does not know what is in them."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"the database has revision {found} of the views, and this release knows none after "
            f"{HEAD}; run the release that ran here last, or a later one, or give this one an "
            "empty database: the log fills it"
        )


def prepare(engine: Engine) -> None:
    """Bring the schema to `HEAD`; at once where it is there already.

    Raises
    ------
    SchemaAhead
        Where a later release made the schema.
    """
    with engine.connect() as connection:
        found = _revision(connection)
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        raise SchemaAhead(found)
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        if _revision(connection) != HEAD:
            _upgrade(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
