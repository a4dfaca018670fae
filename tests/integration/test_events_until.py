"""Pages into the past show what had happened by a moment, though clocks differ."""

from __future__ import annotations

import random
from itertools import product
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from projections.database import writing
from projections.models import events
from projections.queries.events import EventRow, list_events
from tests.integration.log_of_facts import T0

TENANTS = ("a", "default", "zz")
CHANCE = random.Random(11)


@pytest.fixture
def written(database: Engine) -> list[EventRow]:
    rows = [
        EventRow(
            seq, f"e{seq}", f"kind.{seq % 3}", "/steps/x", f"{tenant}/web-{seq % 2}", tenant,
            T0 + seq + CHANCE.uniform(-50, 50), {}, "", "", "fleet", 0, seq,
        )
        for seq in range(1, 301)
        for tenant in [CHANCE.choice(TENANTS)]
    ]  # fmt: skip
    with writing(database) as connection:
        names = EventRow.__struct_fields__
        values = [{name: getattr(row, name) for name in names} for row in rows]
        connection.execute(insert(events), values)
    return rows


def test_the_last_that_had_happened(database: Engine, written: list[EventRow]) -> None:
    moments = (T0 - 60, T0 + 40, T0 + 170, T0 + 1000)
    filters: tuple[dict[str, Any], ...] = ({}, {"types": ["kind.1"]}, {"subject": "default/web-1"})
    with database.connect() as connection:
        for tenant, until, before, after, asked in product(
            TENANTS, moments, (1, 150, 301, 1 << 53), (0, 100), filters
        ):
            found = list_events(
                connection, tenant, after=after, before=before, until=until, limit=10, **asked
            )
            assert (
                found
                == [
                    row
                    for row in written
                    if (row.tenant_id, row.time <= until) == (tenant, True)
                    and after < row.seq < before
                    and row.type in asked.get("types", [row.type])
                    and row.subject == asked.get("subject", row.subject)
                ][-10:]
            )
