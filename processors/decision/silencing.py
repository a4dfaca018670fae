"""What silences withhold: findings that ask for nobody's attention, and actions on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from processors.decision.state import DecisionState, OpenFinding, Target, Withheld
from processors.fold import Message, PolicyInForce
from processors.silences import book
from processors.silences.book import Silence
from processors.step import Fact
from streams.contracts.events.finding import FindingReleased, FindingWithheld
from streams.contracts.events.silence import SilenceCreated, SilenceEnded, SilenceRefused


def fold(state: DecisionState, message: Message, in_force: PolicyInForce) -> None:
    """Bring the silences up to a message, and note whose findings that concerns."""
    tenants = book.turned(state.silences, message.at)
    if message.event is not None and isinstance(message.data, SilenceCreated | SilenceEnded):
        tenants.add(message.event.tenant)
        _take(state, message.event.tenant, message.data, message.at, in_force)
    state.roused = [
        key
        for key in sorted(state.targets if tenants else ())
        if key.partition("/")[0] in tenants and _moved(state, key, state.targets[key])
    ]


def silenced(state: DecisionState, key: str, target: Target, message: Message) -> Iterator[Fact]:
    """Yield which findings of a target are withheld or released from now on."""
    for finding in list(_open(target)):
        silence = book.covering(state.silences, key, finding.raised)
        if _names(finding) == _id(silence):
            continue
        causation = message.event.id if message.event else finding.event_id
        data: FindingWithheld | FindingReleased
        if silence is None:
            data = _released(state, key, finding, message)
        else:
            data = _withheld(finding, silence)
        yield Fact(key, data, message.at, finding.raised.finding_id, causation)


def told(target: Target, data: FindingWithheld | FindingReleased, at: float) -> None:
    """Fold that a finding is withheld, or released: what was said of it before is no more true."""
    finding = target.open(data.finding_id)
    if finding is None:
        return
    finding.told = ""
    if isinstance(data, FindingReleased):
        finding.withheld = None
    else:
        since = finding.withheld.since if finding.withheld else at
        finding.withheld = Withheld(data.silence_id, data.maintenance, since, data.until)


def refused(state: DecisionState, message: Message, in_force: PolicyInForce) -> Iterator[Fact]:
    """Yield that a silence did not come into force; one partition speaks for all."""
    said, event = message.data, message.event
    if event is None or not isinstance(said, SilenceCreated) or message.position.partition:
        return
    if said.silence_id in state.silences.get(event.tenant, {}):
        return
    most = in_force.policy.silences.max_per_tenant
    reason = book.refusal(state.silences, event.tenant, said, message.at, most)
    detail = {
        "over_already": "its end had passed when it arrived",
        "tenant_limit": f"the tenant has {most} silences that are not over; end one of them",
    }.get(reason, "")
    data = SilenceRefused(said.silence_id, reason, detail)
    yield Fact(event.subject, data, message.at, event.correlationid, event.id)


def _take(
    state: DecisionState,
    tenant: str,
    data: SilenceCreated | SilenceEnded,
    at: float,
    in_force: PolicyInForce,
) -> None:
    if isinstance(data, SilenceEnded):
        book.drop(state.silences, tenant, data.silence_id)
    else:
        book.take(state.silences, tenant, data, at, in_force.policy.silences.max_per_tenant)


def _moved(state: DecisionState, key: str, target: Target) -> bool:
    """Say whether a silence begins or ceases to withhold a finding of a target."""
    return any(
        _names(each) != _id(book.covering(state.silences, key, each.raised))
        for each in _open(target)
    )


def _withheld(finding: OpenFinding, silence: Silence) -> FindingWithheld:
    said, raised = silence.said, finding.raised
    return FindingWithheld(
        raised.finding_id,
        raised.kind,
        said.silence_id,
        said.created_by,
        said.reason,
        said.maintenance,
        said.ends_at if silence.until is None else silence.until,
    )


def _released(
    state: DecisionState, key: str, finding: OpenFinding, message: Message
) -> FindingReleased:
    raised, withheld = finding.raised, finding.withheld
    silence_id = withheld.silence_id if withheld else ""
    since = withheld.since if withheld else message.at
    known = state.silences.get(key.partition("/")[0], {}).get(silence_id)
    ended = isinstance(message.data, SilenceEnded) and message.data.silence_id == silence_id
    still = known is not None and known.until is not None
    reason = "ended" if ended else "changed" if still else "over"
    return FindingReleased(raised.finding_id, raised.kind, silence_id, reason, message.at - since)


def _open(target: Target) -> Iterable[OpenFinding]:
    return (*target.findings.values(), *target.notices.values())


def _names(finding: OpenFinding) -> str:
    return finding.withheld.silence_id if finding.withheld else ""


def _id(silence: Silence | None) -> str:
    return silence.said.silence_id if silence else ""
