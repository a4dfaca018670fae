"""Who is signed in."""

from __future__ import annotations

from typing import Self

from pydantic import Field

from api.identity.roles import Identity
from api.schemas.common import View


class SessionView(View):
    """The caller, as the installation knows them."""

    name: str = Field(examples=["admin"])
    tenant: str = Field(examples=["default"])
    role: str = Field(examples=["admin"])
    everywhere: bool = Field(description="Whether it may name any tenant.")
    csrf: str = Field(description="Writes of a session carry it in the header x-csrf-token.")

    @classmethod
    def of(cls, caller: Identity, csrf: str) -> Self:
        """Return the view of an identity."""
        return cls(
            name=caller.name,
            tenant=caller.tenant,
            role=caller.role.value,
            everywhere=caller.everywhere,
            csrf=csrf,
        )
