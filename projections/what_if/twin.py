"""One partition of a step, folded twice: under the recorded policies, and under a candidate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from config.policy import Policy, policy_hash
from processors.fold import FoldState
from processors.parts import Stored, loaded
from processors.step import Context, Emission, Fact, Sealer, Step
from processors.surveillance.state import SurveillanceState
from projections.what_if.pairs import Pair, pairs
from projections.what_if.spool import virtual
from streams.contracts.envelope import Event, derived_id, outgoing, rfc3339
from streams.contracts.events.registry import BY_DATA
from streams.contracts.events.system import PolicyChanged
from streams.contracts.record import Outgoing, Position, Record
from streams.contracts.trust import KIND

POLICY: Final = "policy.changed"
_VERSION: Final = 1_000_000_000
"""Above every version on record, as a step takes no earlier policy than its own."""


class Followed(NamedTuple):
    """A pair of facts, and the record that they follow from."""

    record: Record
    pair: Pair


class Twin:
    """Folds records into two states; until the candidate is put in force there is one.

    Parameters
    ----------
    step : Step
        Surveillance, decision or governor.
    context : Context
        Which partition of its inbox.
    state : bytes or mapping of str to bytes, optional
        What to begin with; the policy that was in force is in it.
    """

    def __init__(self, step: Step[Any], context: Context, state: Stored | None = None) -> None:
        self.step = step
        self.context = context
        self._sealer = Sealer(step.name, context)
        self._invented = Sealer(step.name, context._replace(partition=virtual(context.partition)))
        self._serial = 0
        self._before: Any = step.initial(context) if state is None else loaded(step, context, state)
        self._after: Any = None
        self.begun, self.forked = state is not None, False

    def fork(self, candidate: Policy, first: Record) -> Iterator[Followed]:
        """Put `candidate` in force in a second state, just before the record `first`.

        Where it is in force already, it is not announced again: a step that takes a policy begins
        some waits anew.
        """
        self.forked = True
        self._after = self.step.load(self.context, self.step.dump(self._before))
        if _in_force(self._before) == msgspec.structs.replace(candidate, version=0):
            return
        signed = self.context.signer.sign(_announcement(candidate, first))
        change = first._replace(
            offset=first.offset - 1, key=signed.key, value=signed.value, headers=signed.headers
        )
        yield from self._both([], [change])

    def learn(self, records: Sequence[Record]) -> None:
        """Fold recorded records before the candidate is in force."""
        self.step.apply(self._before, records)

    def fold(self, records: Sequence[Record]) -> Iterator[Followed]:
        """Fold recorded records, in both states alike but for changes of policy."""
        yield from self._both(records, [record for record in records if not _is_policy(record)])

    def fold_apart(self, before: Record | None, after: Record | None) -> Iterator[Followed]:
        """Fold one record under the recorded policies, and another under the candidate."""
        if before is not None and after is not None and _is_policy(after):
            after = None
        yield from self._both([] if before is None else [before], [] if after is None else [after])

    def recorded_id(self, followed: Followed) -> str:
        """Return the id under which the recorded fact of a pair was written."""
        return derived_id(self.step.name, self._position(followed))

    def restated(self, followed: Followed) -> list[Outgoing]:
        """Return the candidate's fact as the records that stand in place of the recorded ones."""
        assert followed.pair.after is not None  # noqa: S101
        return self._sealer.fact(followed.pair.after, self._position(followed))

    def invented(self, fact: Fact) -> list[Outgoing]:
        """Return the records of a fact that only the candidate leads to."""
        self._serial += 1
        context = self._invented.context
        position = Position(context.topic, context.partition, self._serial)
        return self._invented.fact(fact, position)

    def _position(self, followed: Followed) -> Position:
        record = followed.record
        here = (self.context.topic, self.context.partition)
        return Position(*here, record.offset, followed.pair.ordinal)

    def _both(self, before: Sequence[Record], after: Sequence[Record]) -> Iterator[Followed]:
        known = {record.offset: record for record in (*before, *after)}
        ours = _by_offset(self.step.apply(self._after, after)) if after else {}
        theirs = _by_offset(self.step.apply(self._before, before)) if before else {}
        for offset in sorted(ours.keys() | theirs.keys()):
            mine = [fact for _, fact in ours.get(offset, ())]
            for pair in pairs(theirs.get(offset, ()), mine):
                yield Followed(known[offset], pair)


def _by_offset(emissions: Sequence[Emission]) -> dict[int, list[tuple[int, Fact]]]:
    """Return facts by the record that they follow from, with their ordinals.

    What is sent home (a forward) depends on no policy, and only counts.
    """
    found: dict[int, list[tuple[int, Fact]]] = defaultdict(list)
    counted: dict[int, int] = defaultdict(int)
    for offset, item in emissions:
        if isinstance(item, Fact):
            found[offset].append((counted[offset], item))
        counted[offset] += 1
    return found


def _in_force(state: FoldState[Any] | SurveillanceState) -> Policy:
    """Return the policy of a state, without its version."""
    policy = state.in_force.policy if isinstance(state, FoldState) else state.policy
    return msgspec.structs.replace(policy, version=0)


def _is_policy(record: Record) -> bool:
    if not record.headers or record.header(KIND) != b"event" or not record.value:
        return False
    # Steps look at the signature; to pass over what is forged as well changes nothing.
    return b'"policy.changed"' in record.value and _type(record.value) == POLICY


class _Typed(msgspec.Struct):
    type: str = ""


_type_decoder = msgspec.json.Decoder(_Typed)


def _type(value: bytes) -> str:
    try:
        return _type_decoder.decode(value).type
    except msgspec.MsgspecError:
        return ""


def _announcement(candidate: Policy, first: Record) -> Outgoing:
    policy = msgspec.structs.replace(candidate, version=_VERSION)
    plain = msgspec.to_builtins(policy)
    kind = BY_DATA[PolicyChanged]
    event = Event(
        id=f"what-if-{first.partition}",
        source="/what-if",
        type=kind.name,
        subject="default/policy",
        time=rfc3339(first.timestamp),
        tenant="default",
        data=msgspec.to_builtins(PolicyChanged(_VERSION, policy_hash(policy), plain, "what-if")),
        dataschema=kind.dataschema,
    )
    return outgoing(event, first.topic)
