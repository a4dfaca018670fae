"""Nobody gives what they do not have."""

from __future__ import annotations

import itertools

import pytest

from api.errors import Problem
from api.identity.issuing import check_grant, new_token
from api.identity.roles import Identity, Role
from api.identity.tokens import PREFIX, hash_of


@pytest.mark.parametrize(("maker", "wanted"), list(itertools.product(Role, Role)))
def test_a_role_is_not_exceeded(maker: Role, wanted: Role) -> None:
    caller = Identity("ann", "t", maker)
    if maker.covers(wanted):
        check_grant(caller, wanted, everywhere=False)
    else:
        with pytest.raises(Problem, match="cannot give the role"):
            check_grant(caller, wanted, everywhere=False)


@pytest.mark.parametrize("everywhere", [True, False])
def test_only_who_is_everywhere_gives_everywhere(everywhere: bool) -> None:
    caller = Identity("ann", "t", Role.ADMIN, everywhere)
    if everywhere:
        check_grant(caller, Role.VIEWER, everywhere=True)
    else:
        with pytest.raises(Problem, match="cannot give every tenant"):
            check_grant(caller, Role.VIEWER, everywhere=True)


def test_secrets_are_new_each_time_and_only_their_hash_is_told() -> None:
    caller = Identity("ann", "t", Role.ADMIN)
    made = [new_token(caller, "bob", Role.VIEWER, "t", 60, everywhere=False) for _ in range(100)]
    assert len({secret for secret, _ in made}) == 100
    for secret, told in made:
        assert told.sha256 == hash_of(secret)
        assert len(secret.removeprefix(f"{PREFIX}{told.token_id}_")) == 43  # of 256 bits
        assert secret not in repr(told)
        assert (told.tenant, told.issued_by) == ("t", "ann")
