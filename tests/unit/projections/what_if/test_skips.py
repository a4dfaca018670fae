"""What a step could not fold is passed over by a fold of the record too."""

from __future__ import annotations

from processors.step import Context, Emission, Fact, Sealer
from projections.what_if.skips import skipped, without
from streams.contracts.events.system import RecordSkipped
from streams.contracts.record import Outgoing, Record
from streams.contracts.trust import Signer

SIGNER = Signer(b"a secret for tests only")


def letter(offset: int, signer: Signer = SIGNER) -> Record:
    data = RecordSkipped("surveillance", "telemetry", 3, offset, "unhandled", "a defect")
    fact = Fact("default/a1", data, 10.0)
    sealer = Sealer("surveillance", Context("telemetry", 3, 4, signer))
    (made,) = sealer.seal([Emission(offset, fact)])
    return read(made, offset)


def read(made: Outgoing, offset: int) -> Record:
    return Record(made.topic, 0, offset, 10.0, made.key, made.value, made.headers)


def test_the_log_says_what_was_passed_over_and_nobody_else_may() -> None:
    forged = letter(8, Signer(b"another installation"))
    unsigned = letter(9)._replace(headers=())
    assert set(skipped([letter(7), forged, unsigned], SIGNER)) == {("telemetry", 3, 7)}


def test_the_rest_is_folded() -> None:
    records = [Record("telemetry", p, 7, 10.0, None, b"") for p in (2, 3)]
    assert without(records, frozenset({("telemetry", 3, 7)})) == records[:1]
