"""The guards, each a pure function of one situation, in the order in which they are asked.

First what makes an action wrong for good (it is refused), then whether a person must be asked,
then what only time can give (it is queued). All of them run again whenever anything changes:
when a slot falls free, when a person approves, at every tick. So a grant always rests on the
state of the moment, never on that of the proposal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from processors.governor.approvals import preview_hash
from processors.governor.dependencies import waits_for
from processors.governor.state import group_key, tenant_of
from processors.governor.verdicts import Ask, Grant, Queue, Refuse, Situation, Verdict

Guard = Callable[[Situation], Verdict | None]
_PEOPLES_BUSINESS: Final = frozenset({"quarantined", "compromised", "decommissioning"})
_TAKES_DOWN: Final = frozenset({"service.stop", "service.restart", "service.kill_stuck"})


def judge(situation: Situation) -> Verdict:
    """Return the first verdict that a guard gives; a grant if none objects."""
    verdicts = (guard(situation) for guard in GUARDS)
    return next((verdict for verdict in verdicts if verdict is not None), Grant())


def reachable(situation: Situation) -> Verdict | None:
    """Refuse a target for which no executor is known."""
    if situation.work.proposal.host:
        return None
    detail = f"{situation.work.subject} names no host; declare it, or send the label host"
    return Refuse("unknown_host", detail)


def observed_only(situation: Situation) -> Verdict | None:
    """Refuse what the policy wants observed only."""
    if situation.work.proposal.mode != "observe":
        return None
    return Refuse("observe", "the policy lets this action be observed only")


def left_alone(situation: Situation) -> Verdict | None:
    """Wait for the end of maintenance, and leave to people what was quarantined or is to go."""
    target = situation.target
    if target is None or situation.by_person:
        return None
    if target.status == "maintenance":
        return Queue("in_maintenance")
    if target.status in _PEOPLES_BUSINESS:
        return Refuse(target.status, f"the target is {target.status}: a person must decide")
    return None


def fresh_evidence(situation: Situation) -> Verdict | None:
    """Refuse what waited too long, and what has become needless since it was proposed."""
    work, target = situation.work, situation.target
    if work.state != "awaiting" and not work.approved_by and situation.at >= work.until:
        return Refuse("evidence_expired", f"it waited for {situation.at - work.proposed_at:.0f} s")
    recovered = target is not None and not target.unwell and target.level == "healthy"
    if recovered and target is not None and not work.proposal.requested_by:
        since = target.well_since
        if since is not None and since > work.proposed_at:
            return Refuse("evidence_expired", "the target recovered before the action began")
    return None


def never_the_last_healthy(situation: Situation) -> Verdict | None:
    """Refuse to take down a healthy member of a group that has no other healthy one."""
    target = situation.target
    takes_down = situation.work.proposal.action in _TAKES_DOWN
    if target is None or not target.group or target.unwell or situation.heals or not takes_down:
        return None
    others = (key for key in _members(situation, target.group) if key != situation.work.subject)
    if any(not situation.state.agents[key].unwell for key in others):
        return None
    return Refuse("last_healthy", f"it is the last healthy one of group {target.group}")


def person_needed(situation: Situation) -> Verdict | None:
    """Ask a person where mode or risk demands it and none has approved yet."""
    proposal = situation.work.proposal
    if situation.work.approved_by:
        return None
    if proposal.risk > situation.limits.risk_needs_person:
        return Ask("risk")
    return Ask(proposal.mode) if proposal.mode in {"propose", "approve"} else None


def as_approved(situation: Situation) -> Verdict | None:
    """Refuse what was approved as a simulation and would be done, or the other way round."""
    work = situation.work
    now = preview_hash(work.proposal, dry_run=situation.limits.simulation)
    if not work.approved_by or now == work.preview_hash:
        return None
    return Refuse("policy_changed", "the policy changed since it was approved")


def breaker(situation: Situation) -> Verdict | None:
    """While a large share of the fleet fails at once, let one probe through at a time."""
    tenant = tenant_of(situation.work.subject)
    suspension = situation.state.suspended.get(tenant)
    if suspension is None or situation.by_person:
        return None
    probing = any(tenant_of(w.subject) == tenant for w in situation.state.running())
    return Queue("breaker_open") if probing or situation.at < suspension.pause_until else None


def one_per_target(situation: Situation) -> Verdict | None:
    """Queue behind an action that runs on the same target."""
    subject = situation.work.subject
    busy = any(w.subject == subject for w in situation.state.running())
    return Queue("target_busy") if busy else None


def dependency(situation: Situation) -> Verdict | None:
    """Queue until what the target needs is well, so that services recover in order."""
    needed = waits_for(situation)
    return Queue(f"dependency:{needed}") if needed else None


def blast_radius(situation: Situation) -> Verdict | None:
    """Queue while enough of the group is worked on; one that is in trouble always may be."""
    group = situation.work.proposal.group
    if not group:
        return None
    size = max(1, len(_members(situation, group)))
    allowed = max(1, int(situation.limits.blast_radius * size))
    return Queue("blast_radius") if _worked_on(situation, group) >= allowed else None


def per_host(situation: Situation) -> Verdict | None:
    """Queue while the host's executor has enough to do."""
    host = situation.work.proposal.host
    busy = sum(w.proposal.host == host for w in situation.state.running())
    return Queue("host_busy") if busy >= situation.limits.max_concurrent_per_host else None


def concurrency(situation: Situation) -> Verdict | None:
    """Queue while enough runs everywhere."""
    running = sum(1 for _ in situation.state.running())
    return Queue("all_slots_busy") if running >= situation.limits.max_concurrent else None


GUARDS: Final[tuple[Guard, ...]] = (
    reachable,
    observed_only,
    fresh_evidence,
    never_the_last_healthy,
    person_needed,
    as_approved,
    left_alone,
    concurrency,
    per_host,
    one_per_target,
    breaker,
    dependency,
    blast_radius,
)


def _members(situation: Situation, group: str) -> list[str]:
    return situation.state.groups.get(group_key(situation.work.subject, group), [])


def _worked_on(situation: Situation, group: str) -> int:
    tenant = tenant_of(situation.work.subject)
    works: Iterator[str] = (
        w.proposal.group for w in situation.state.running() if tenant_of(w.subject) == tenant
    )
    return sum(name == group for name in works)
