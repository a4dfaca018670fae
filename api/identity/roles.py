"""Roles, and the identity that a token stands for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Role(Enum):
    """What a person or program may do; each role may do all that the one before it may."""

    VIEWER = "viewer"
    """Reads."""
    OPERATOR = "operator"
    """Reports telemetry, asks for actions and transitions."""
    APPROVER = "approver"
    """Answers what waits for a person."""
    ADMIN = "admin"
    """Changes policy."""

    def covers(self, needed: Role) -> bool:
        """Say whether this role may do what `needed` may.

        Examples
        --------
        >>> Role.ADMIN.covers(Role.VIEWER), Role.OPERATOR.covers(Role.APPROVER)
        (True, False)
        """
        return _RANK[self] >= _RANK[needed]


_RANK: Final = {role: rank for rank, role in enumerate(Role)}
EVERY_TENANT: Final = "*"
"""The tenant of a token that belongs to the installation itself."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a token stands for.

    Parameters
    ----------
    name : str
        Written into events as `by`; unique, so that nobody approves their own request.
    tenant : str
        Whose data is meant where a request names no tenant.
    everywhere : bool
        Whether it belongs to the installation and may name any tenant.
    """

    name: str
    tenant: str
    role: Role
    everywhere: bool = False
