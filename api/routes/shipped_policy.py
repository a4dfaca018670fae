"""What this release ships otherwise than the policy in force: told, taken over, or declined."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter

from api.errors import Problem, invalid
from api.identity.guard import InstallationAdmin, Viewer
from api.policy_change import caught_up, in_force, meant, plain, put_in_force
from api.routes import READS, WRITES
from api.routes.reading import Reading
from api.schemas.policy import PolicyReceipt
from api.schemas.shipped_policy import OfferView, ShippedAnswer, ShippedPolicyView
from api.services import InForce, Served
from config import parts
from config.policy import default_policy, policy_from, policy_hash
from config.shipped import Offer, Path, adopted, answered, chosen, offers

_ALL: Final = "*"
router = APIRouter(prefix="/policy/shipped", tags=["policy"], responses=READS, route_class=Reading)


@router.get("")
async def shipped_policy(served: Served, _caller: Viewer) -> ShippedPolicyView:
    """Tell what this release ships otherwise than before, and is not in force."""
    present = await in_force(served)
    return ShippedPolicyView(
        version=present.policy.version,
        hash=policy_hash(default_policy()),
        offers=[_view(offer) for offer in _offers(present)],
        policy=plain(default_policy()),
    )


@router.post("", status_code=202, responses=WRITES)
async def answer(served: Served, caller: InstallationAdmin, body: ShippedAnswer) -> PolicyReceipt:
    """Put the policy in force with what is taken over; what is kept is offered no more."""
    if not (body.take or body.keep):
        raise invalid("take", body.take, "name what is taken or kept; `*` is all")

    def change(present: InForce) -> InForce:
        open_ = [offer.path for offer in _offers(present)]
        taken = _named(body.take, open_)
        kept = [path for path in _named(body.keep, open_) if path not in taken]
        shipped = plain(default_policy())
        wanted = meant(adopted(plain(present.policy), shipped, taken))
        base = answered(plain(present.answered), plain(present.policy), shipped, kept)
        return caught_up(InForce(present.policy, policy_from(base)), wanted)

    return await put_in_force(served, caller.name, body.reason, body.replaces, change)


def _offers(present: InForce) -> list[Offer]:
    return offers(plain(present.answered), plain(present.policy), plain(default_policy()))


def _named(wanted: list[str], among: list[Path]) -> list[Path]:
    found: list[Path] = []
    for name in wanted:
        these = among if name == _ALL else chosen(name, among)
        if not these:
            raise Problem(HTTPStatus.NOT_FOUND, "not-offered", _not_offered(name, among))
        found += these
    return found


def _not_offered(name: str, among: list[Path]) -> str:
    if not among:
        return f"{name!r}: nothing is offered; what this release ships is in force, or was declined"
    return f"{name!r} is not offered; name one of {', '.join('.'.join(path) for path in among)}"


def _view(offer: Offer) -> OfferView:
    return OfferView(
        path=offer.name,
        change=parts.change(offer.in_force, offer.shipped),
        standing=offer.standing.value,
        before=parts.told(offer.base),
        in_force=parts.told(offer.in_force),
        shipped=parts.told(offer.shipped),
    )
