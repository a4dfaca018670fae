from __future__ import annotations

import pytest

from processors.lifecycle.transitions import TABLE, WORKING, Allowed, Refused, Status, transition


def test_every_state_has_a_row_and_only_the_last_is_final():
    assert set(TABLE) == set(Status)
    assert [status for status, to in TABLE.items() if not to] == [Status.DECOMMISSIONED]


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("wanted", list(Status))
def test_the_table_alone_decides(status, wanted):
    answer = transition(status, wanted, "because")
    if wanted in TABLE[status]:
        assert answer == Allowed(wanted, "because")
    else:
        assert isinstance(answer, Refused)


@pytest.mark.parametrize(
    ("status", "wanted", "reason"),
    [
        (Status.ACTIVE, "asleep", "unknown_status"),
        (Status.ACTIVE, "active", "already_there"),
        (Status.QUARANTINED, "busy", "illegal_transition"),
        (Status.DECOMMISSIONED, "active", "final_state"),
    ],
)
def test_a_refusal_names_its_reason(status, wanted, reason):
    assert transition(status, wanted, "x") == Refused(wanted, reason)


def test_a_compromised_agent_never_works_again_without_quarantine():
    assert not TABLE[Status.COMPROMISED] & WORKING


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        (Status.REGISTERED, Status.PROVISIONING),
        (Status.PROVISIONING, Status.ACTIVE),
        (Status.ACTIVE, Status.OFFLINE),
        (Status.OFFLINE, Status.PROVISIONING),
        (Status.OFFLINE, Status.BUSY),
        (Status.BUSY, Status.MAINTENANCE),
        (Status.MAINTENANCE, Status.ACTIVE),
        (Status.QUARANTINED, Status.ACTIVE),
        (Status.COMPROMISED, Status.QUARANTINED),
        (Status.IDLE, Status.DECOMMISSIONING),
        (Status.DECOMMISSIONING, Status.DECOMMISSIONED),
    ],
)
def test_a_life_may_go_on(status, wanted):
    assert transition(status, wanted, "x") == Allowed(wanted, "x")


@pytest.mark.parametrize("status", [Status.MAINTENANCE, Status.QUARANTINED, Status.COMPROMISED])
def test_who_is_set_aside_is_not_taken_for_offline(status):
    assert Status.OFFLINE not in TABLE[status]
