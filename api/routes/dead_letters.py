"""Dead letters: what a person lets come in once more."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter

from api.errors import Problem, not_found
from api.identity.guard import InstallationOperator
from api.routes import READS, WRITES
from api.schemas.common import Receipt
from api.services import Served
from projections.queries.dead_letters import DeadLetterRow, get_dead_letter
from streams.contracts.events.system import RecordRedriven
from streams.contracts.topics import TELEMETRY

router = APIRouter(prefix="/dead-letters", tags=["system"], responses=READS)


@router.post("/{event_id}/redrive", status_code=202, responses=WRITES)
async def redrive(served: Served, caller: InstallationOperator, event_id: str) -> Receipt:
    """Let a record come in once more, late: it may register its agent, and trains nothing."""
    row = await served.ask_aside(get_dead_letter, event_id)
    if row is None:
        raise not_found("dead letter", event_id, "the installation")
    _check_redrivable(row)
    data = RecordRedriven(
        letter_id=event_id,
        by=caller.name,
        topic=row.topic,
        partition=row.partition,
        offset=row.offset,
        stamped=row.at if row.stamped is None else row.stamped,
        key=row.key,
        value=row.value,
        headers=row.headers,
    )
    # Here and not above: it brings arrays with it, which the API has no other use for.
    from processors.surveillance.redrive import subject_of

    return await served.receipt(subject_of(data, served.signer), data)


def _check_redrivable(row: DeadLetterRow) -> None:
    if row.kind != "dead_letter":
        why = f"is {row.kind}; only a dead letter can be redriven, once"
    elif row.topic != TELEMETRY.name:
        why = f"lay in {row.topic}; only what came in by {TELEMETRY.name} can be redriven"
    elif row.truncated:
        why = (
            "was too large to be kept whole, or carried a message, which is not kept;"
            " let its sender send it again"
        )
    else:
        return
    raise Problem(HTTPStatus.CONFLICT, "not-redrivable", f"record {row.event_id} {why}")
