"""Who looks after a finding or an incident, and what was noted of it: columns of both."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column

from projections.models.base import document, ident


def responses() -> tuple[Column[Any], ...]:
    """Return the columns.

    `acknowledgement` holds who, when, why and at which severity; empty where nobody did. It stays
    when the thing is over, as what it was then. `comments` are the latest, oldest first.
    """
    return (
        ident("acknowledged_by"),
        document("acknowledgement"),
        ident("assigned_to"),
        document("comments"),
    )
