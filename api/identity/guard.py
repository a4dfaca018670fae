"""What routes ask of a caller: a role, and a tenant that is theirs.

Dependencies are coroutines: a plain function would be run in a thread of its own, for each request.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Query, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.errors import Problem
from api.identity.roles import Identity, Role
from streams.contracts.telemetry import check_id

_SCHEME = HTTPBearer(auto_error=False, description="The token in HOMEOSTAT_HOME/token, or another.")


async def _caller(
    request: Request,
    _shown: Annotated[HTTPAuthorizationCredentials | None, Security(_SCHEME)],
) -> Identity:
    identity: Identity = request.state.identity
    return identity


Caller = Annotated[Identity, Depends(_caller)]


def require(role: Role, *, installation: bool = False) -> Callable[[Identity], Awaitable[Identity]]:
    """Return a dependency that gives the caller, or answers 403.

    Parameters
    ----------
    role : Role
        The least role that may.
    installation : bool
        Whether it concerns the installation, not one tenant.
    """

    async def guard(caller: Caller) -> Identity:
        if not caller.role.covers(role):
            detail = f"{caller.name} is {caller.role.value}; this needs the role {role.value}"
            raise Problem(HTTPStatus.FORBIDDEN, "role-too-low", detail)
        if installation and not caller.everywhere:
            detail = "this concerns the whole installation; use a token of tenant '*'"
            raise Problem(HTTPStatus.FORBIDDEN, "wrong-tenant", detail)
        return caller

    return guard


def own(caller: Identity, tenant: str | None) -> str:
    """Return the tenant that a request means, or answer 403 where it is not the caller's."""
    if tenant is None or tenant == caller.tenant:
        return caller.tenant
    check_id("tenant", tenant)
    if not caller.everywhere:
        detail = f"this token belongs to tenant {caller.tenant}, not to {tenant}"
        raise Problem(HTTPStatus.FORBIDDEN, "wrong-tenant", detail)
    return tenant


async def _tenant(
    caller: Caller,
    tenant: Annotated[
        str | None, Query(description="Another tenant, for tokens of the installation.")
    ] = None,
) -> str:
    return own(caller, tenant)


Tenant = Annotated[str, Depends(_tenant)]
Viewer = Annotated[Identity, Depends(require(Role.VIEWER))]
Operator = Annotated[Identity, Depends(require(Role.OPERATOR))]
Approver = Annotated[Identity, Depends(require(Role.APPROVER))]
Admin = Annotated[Identity, Depends(require(Role.ADMIN))]
InstallationOperator = Annotated[Identity, Depends(require(Role.OPERATOR, installation=True))]
InstallationViewer = Annotated[Identity, Depends(require(Role.VIEWER, installation=True))]
InstallationAdmin = Annotated[Identity, Depends(require(Role.ADMIN, installation=True))]
