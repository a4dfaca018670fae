"""What may be silenced, by whom and for how long: refused with the field and the remedy."""

from __future__ import annotations

from typing import Any

import pytest

from api.errors import Problem
from api.identity.roles import Identity, Role
from api.schemas.silences import SilenceRequest
from api.silencing import YEAR_S, silence_of
from config.silences import SilencePolicy

NOW = 1_790_000_000.0
ABOUT: dict[str, Any] = {"matchers": [{"name": "agent", "value": "web-*"}], "reason": "r"}
NIGHTLY = {"days": ["sun", "sat", "sun"], "start": "02:30", "lasts_s": 3600,
           "time_zone": "Europe/Berlin"}  # fmt: skip


def made(role: Role = Role.OPERATOR, **body: Any) -> Any:
    asked = SilenceRequest.model_validate(body)
    who = Identity("ada", "default", role)
    return silence_of(asked, "s1", who, SilencePolicy(), NOW)


def test_from_now_for_so_long() -> None:
    said = made(**ABOUT, lasts_s=60)
    assert (said.starts_at, said.ends_at, said.created_by) == (NOW, NOW + 60, "ada")
    assert said.recurrence is None


def test_what_comes_back_does_so_for_a_year_by_the_clock_of_a_place() -> None:
    said = made(**ABOUT, recurrence=NIGHTLY, maintenance=True)
    assert said.ends_at == NOW + YEAR_S
    assert (said.recurrence.days, said.recurrence.start_s) == ([5, 6], 2 * 3600 + 30 * 60)
    assert [offset for _, offset in said.recurrence.offsets] == [7200, 3600, 7200]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (ABOUT, "ends_at"),
        (ABOUT | {"lasts_s": 60, "ends_at": NOW + 60}, "ends_at"),
        (ABOUT | {"ends_at": NOW - 1}, "ends_at"),
        (ABOUT | {"starts_at": NOW + 90, "ends_at": NOW + 60}, "ends_at"),
        (ABOUT | {"lasts_s": 2_592_001}, "lasts_s"),
        (ABOUT | {"starts_at": NOW + 1e8, "lasts_s": 60}, "starts_at"),
        (ABOUT | {"recurrence": NIGHTLY | {"time_zone": "Europe/Nowhere"}},
         "recurrence.time_zone"),
        ({"reason": "r", "lasts_s": 60}, "matchers"),
        (ABOUT | {"matchers": [{"name": "agent", "value": "*"}], "lasts_s": 60}, "matchers"),
    ],
)  # fmt: skip
def test_what_cannot_be_names_its_field(body: dict[str, Any], field: str) -> None:
    with pytest.raises(Problem) as refused:
        made(Role.ADMIN, **body)
    assert refused.value.status_code == 422
    assert [error.field for error in refused.value.errors] == [field]


def test_everything_is_named_and_asks_for_an_administrator() -> None:
    assert made(Role.ADMIN, reason="r", lasts_s=60, everything=True).matchers == []
    with pytest.raises(Problem) as refused:
        made(Role.APPROVER, reason="r", lasts_s=60, everything=True)
    assert refused.value.status_code == 403
