"""Records of what is done with the log by commands on the machine itself, past the API."""

from __future__ import annotations

import getpass
import time

from api.audit.chain import Chain, new_writer
from api.audit.record import Entry, Level, Outcome
from api.audit.trail import last_on_topic
from api.identity.roles import EVERY_TENANT, Role
from config.settings import Settings
from streams.contracts.topics import AUDIT
from streams.contracts.trust import Signer
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.publisher import Publisher


async def put_on_record(
    settings: Settings, connection: Connection, action: str, resource: str, **details: str
) -> None:
    """Put on the audit trail what whoever runs this process does.

    Parameters
    ----------
    action : str
        Such as ``log.exported``.
    resource : str
        What it is done with.

    Raises
    ------
    PublishError
        If it could not be written.
    """
    await ensure_topics(connection, settings.partitions, [AUDIT])
    now = time.time()
    chain = Chain(
        new_writer("command"), await last_on_topic(connection), now, Signer(settings.secret())
    )
    entry = Entry(
        now, f"local:{_user()}", Role.ADMIN.value, EVERY_TENANT, action, resource, Outcome.DONE,
        Level.WARNING, details,
    )  # fmt: skip
    async with Publisher(connection) as publisher:
        await publisher.publish([chain.first, chain.seal(entry)])


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may give its user no name
        return "unknown"
