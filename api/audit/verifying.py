"""Reads the audit trail from the log itself, and holds it to its chains."""

from __future__ import annotations

from collections.abc import Mapping

from api.audit.verifier import Fault, Head, Verifier
from streams.contracts.topics import AUDIT
from streams.contracts.trust import Signer
from streams.kafka.connection import Connection
from streams.kafka.log_reader import LogReader


async def verify(
    connection: Connection, signer: Signer, kept: Mapping[str, Head] | None = None
) -> Verifier:
    """Return what a verification of the whole topic found.

    Parameters
    ----------
    kept : mapping of str to Head, optional
        Heads of an earlier verification.

    Raises
    ------
    BrokerAway
        If no broker answers.
    TopicError
        If there is no such topic.
    """
    verifier = Verifier(signer, kept)
    async with LogReader(connection) as reader:
        first = await reader.beginning_offsets([AUDIT.name])
        ends = await reader.end_offsets([AUDIT.name])
        ((place, end),) = ends.items()
        due = first[place]
        async for records in reader.read(first, ends):
            for record in records:
                if record.offset != due:
                    found = f"offset {record.offset}"
                    verifier.faults.append(
                        Fault(due, "unknown", "removed", f"a record at offset {due}", found)
                    )
                verifier.take(record)
                due = record.offset + 1
    verifier.finish(end)
    return verifier
