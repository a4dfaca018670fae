"""Policies, as they came into force."""

from __future__ import annotations

from typing import Final

from projections.models import policies
from projections.read_models.typed import data_as
from projections.rows import Rows, Seen
from streams.contracts.events.system import PolicyChanged


def changed(rows: Rows, seen: Seen) -> None:
    """Keep the whole policy under the event's id."""
    data = data_as(seen, PolicyChanged)
    rows.put(
        policies,
        {
            "event_id": seen.event.id,
            "version": data.version,
            "hash": data.hash,
            "policy": data.policy,
            "changed_by": data.changed_by,
            "reason": data.reason,
            "changed_at": seen.at,
            "shipped": data.shipped,
        },
    )


FOLDS: Final = {"policy.changed": changed}
