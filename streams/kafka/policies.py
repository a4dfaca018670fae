"""Every policy on record: which one was in force where a fold begins in the middle of the log."""

from __future__ import annotations

from collections.abc import Sequence

from streams.contracts.record import Outgoing, Record
from streams.contracts.topics import POLICIES
from streams.contracts.trust import Signer
from streams.kafka.log_reader import LogReader, Place


class PoliciesInForce:
    """The record of policies, which never expires.

    Parameters
    ----------
    records : sequence of Record
        In order.
    """

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = records

    @classmethod
    async def read(cls, reader: LogReader) -> PoliciesInForce:
        """Read them from the log."""
        begins = await reader.beginning_offsets([POLICIES.name])
        ends = await reader.end_offsets([POLICIES.name])
        return cls([record async for batch in reader.read(begins, ends) for record in batch])

    def before(self, first: Record, signer: Signer) -> list[Record]:
        """Return what puts the policy in force that was so before the record `first`, if any."""
        known = [each for each in self._records if each.timestamp <= first.timestamp]
        # Stamped as the first record, so that no time passes before it.
        return [_beside(first, known[-1], signer, first.timestamp)] if known else []

    def latest(self, place: Place, offset: int, signer: Signer) -> list[Record]:
        """Return what puts the latest policy in force before `offset`, if there is any."""
        if not self._records:
            return []
        last = self._records[-1]
        first = last._replace(topic=place.topic, partition=place.partition, offset=offset)
        return [_beside(first, last, signer, last.timestamp)]


def _beside(first: Record, policy: Record, signer: Signer, at: float) -> Record:
    """Return `policy` as the record before `first` in its partition."""
    signed = signer.sign(Outgoing(first.topic, policy.key, policy.value or b""))
    return first._replace(
        offset=first.offset - 1,
        timestamp=at,
        key=signed.key,
        value=signed.value,
        headers=signed.headers,
    )
