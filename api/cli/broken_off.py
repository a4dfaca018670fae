"""What to say of a log that is incomplete because its import was interrupted."""

from __future__ import annotations

from config.settings import Settings
from streams.kafka.connection import Connection


async def broken_off(settings: Settings, connection: Connection) -> str:
    """Return how far the import of this log came, and the remedy."""
    from streams.kafka.log_begun import count_of, read_written

    records = count_of(await read_written(connection))
    where = settings.kafka or settings.home / "kafka"
    return (
        f"the log in {where} is not whole: an import was broken off at record {records:,}; "
        "`homeostat log import` of the same folder goes on there, or delete the log to begin anew"
    )
