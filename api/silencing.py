"""From what a person asks for to a silence: checked against the policy, with its moments fixed."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from api.errors import Problem, invalid
from api.identity.roles import Identity, Role
from api.schemas.silences import DAYS, RecurrenceBody, SilenceRequest
from config.silences import SilencePolicy
from processors.silences.matching import about_everything
from streams.contracts.events.silence import Matcher, Recurrence, SilenceCreated
from streams.producers.time_zones import offsets_of

YEAR_S: Final = 31_536_000.0
"""For how long windows come back where nobody says how long."""


def silence_of(
    asked: SilenceRequest, silence_id: str, caller: Identity, limits: SilencePolicy, now: float
) -> SilenceCreated:
    """Return the silence that `caller` asks for.

    Raises
    ------
    Problem
        Where it cannot be, or the policy or the caller's role does not allow it.
    """
    matchers = [matcher.said for matcher in asked.matchers]
    _check_breadth(asked, matchers, caller)
    starts_at = now if asked.starts_at is None else asked.starts_at.timestamp()
    ends_at = _end(asked, starts_at, limits)
    _check_span(asked, starts_at, ends_at, limits, now)
    again = asked.recurrence
    return SilenceCreated(
        silence_id,
        matchers,
        starts_at,
        ends_at,
        asked.reason,
        caller.name,
        asked.maintenance,
        None if again is None else _recurrence(again, starts_at, ends_at),
    )


def _check_breadth(asked: SilenceRequest, matchers: Sequence[Matcher], caller: Identity) -> None:
    if not about_everything(matchers):
        return
    if not asked.everything:
        remedy = "name what it is about, or say `everything` where the whole tenant is meant"
        raise invalid("matchers", [m.value for m in matchers], remedy)
    if not caller.role.covers(Role.ADMIN):
        detail = f"{caller.name} is {caller.role.value}; to silence everything needs the role admin"
        raise Problem(HTTPStatus.FORBIDDEN, "role-too-low", detail)


def _end(asked: SilenceRequest, starts_at: float, limits: SilencePolicy) -> float:
    if (asked.ends_at is None) != (asked.lasts_s is None):
        return starts_at + asked.lasts_s if asked.lasts_s else _timestamp(asked)
    if asked.ends_at is None and asked.recurrence is not None:
        return starts_at + min(YEAR_S, limits.longest_recurring_s)
    raise invalid("ends_at", asked.ends_at and str(asked.ends_at), "give either this or `lasts_s`")


def _timestamp(asked: SilenceRequest) -> float:
    return 0.0 if asked.ends_at is None else asked.ends_at.timestamp()


def _check_span(
    asked: SilenceRequest, starts_at: float, ends_at: float, limits: SilencePolicy, now: float
) -> None:
    longest = limits.longest_s if asked.recurrence is None else limits.longest_recurring_s
    name = "ends_at" if asked.lasts_s is None else "lasts_s"
    if ends_at <= max(now, starts_at):
        raise invalid(name, asked.lasts_s or str(asked.ends_at), "let it end later than it begins")
    if ends_at - starts_at > longest:
        remedy = f"the policy allows {longest:g} s; make it shorter, and again when it is over"
        raise invalid(name, asked.lasts_s or str(asked.ends_at), remedy)
    if starts_at - now > limits.longest_recurring_s:
        remedy = f"name a moment within {limits.longest_recurring_s:g} s"
        raise invalid("starts_at", str(asked.starts_at), remedy)


def _recurrence(asked: RecurrenceBody, starts_at: float, ends_at: float) -> Recurrence:
    try:
        offsets = offsets_of(asked.time_zone, starts_at, ends_at)
    except (KeyError, ValueError, OSError) as error:
        remedy = "use a name of the IANA database, such as Europe/Berlin"
        raise invalid("recurrence.time_zone", asked.time_zone, remedy) from error
    days = sorted({DAYS.index(day) for day in asked.days})
    return Recurrence(days, asked.start_s, asked.lasts_s, asked.time_zone, offsets)
