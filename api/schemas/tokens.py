"""Tokens: what is asked for, what is shown once, and what is listed."""

from __future__ import annotations

from typing import Final, Literal, Self

from pydantic import ConfigDict, Field

from api.identity.ledger import Issued
from api.identity.roles import EVERY_TENANT, Role
from api.identity.tokens import TokenEntry
from api.schemas.common import Body, Moment, View, Whole
from streams.contracts.telemetry import DEFAULT_TENANT

DAY_S: Final = 86_400
USUAL_S: Final = 90 * DAY_S
"""Long enough to be no burden, short enough that a forgotten token dies by itself."""
LONGEST_S: Final = 3650 * DAY_S


class TokenRequest(Body):
    """A token to make."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"name": "grafana", "role": "viewer", "lasts_s": 2_592_000}},
    )

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}$",
        description="Who holds it; written into events as `by`, so it is unique.",
    )
    role: Role = Field(strict=False)
    lasts_s: Whole = Field(
        default=USUAL_S, ge=1, le=LONGEST_S, description="Seconds until it expires."
    )
    everywhere: bool = Field(
        default=False, description="Whether it belongs to the installation: may name any tenant."
    )


class TokenView(View):
    """A token, without its secret."""

    token_id: str | None = Field(description="None where it is not on the log.")
    name: str
    tenant: str
    everywhere: bool
    role: str
    state: Literal["valid", "expired", "revoked", "void"]
    origin: Literal["log", "file"] = Field(description="`file`: ends with its line in tokens.yaml.")
    issued_by: str = ""
    issued_at: Moment | None = None
    expires_at: Moment | None = None
    revoked_by: str = ""
    revoked_at: Moment | None = None
    reason: str = ""

    @classmethod
    def of(cls, token: Issued, now: float) -> Self:
        """Return the view of a token on the log."""
        identity = token.identity()
        return cls(
            token_id=token.token_id,
            name=token.name,
            tenant=identity.tenant,
            everywhere=identity.everywhere,
            role=token.role.value,
            state=token.state(now),
            origin="log",
            issued_by=token.issued_by,
            issued_at=token.issued_at,
            expires_at=token.expires_at,
            revoked_by=token.revoked_by,
            revoked_at=token.revoked_at,
            reason=token.reason,
        )

    @classmethod
    def of_file(cls, entry: TokenEntry, now: float) -> Self:
        """Return the view of a line of ``tokens.yaml``."""
        everywhere = entry.tenant == EVERY_TENANT
        until = None if entry.expires is None else entry.expires.timestamp()
        return cls(
            token_id=None,
            name=entry.name,
            tenant=DEFAULT_TENANT if everywhere else entry.tenant,
            everywhere=everywhere,
            role=entry.role.value,
            state="expired" if until is not None and now >= until else "valid",
            origin="file",
            expires_at=until,
        )


class TokenSecret(View):
    """A new token with its secret, which is shown this once."""

    token: str = Field(description="Send it as Authorization: Bearer TOKEN; it is kept nowhere.")
    issued: TokenView
