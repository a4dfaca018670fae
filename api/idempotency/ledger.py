"""Keys in use: a fold of the topic ``requests``, the same in every process that reads it.

The topic has one partition, so all see one order, and it decides: of two claims of one key the
first is carried out. Time is the broker's stamp on the claims; no clock is asked.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from projections.opening import open_fact
from streams.contracts.events.request import RequestClaimed, RequestSettled
from streams.contracts.record import Record
from streams.contracts.trust import Signer

KEPT_S: Final = 86_400.0
"""How long a key stands for its request."""
LEASE_S: Final = 35.0
"""No write waits longer for the broker: an older claim without an end was left by a process that
died, and whoever asks again takes it over."""
MOST: Final = 50_000
"""Keys at once, some hundred bytes each."""
MOST_OF_TENANT: Final = 10_000
"""So that one tenant leaves room for the others."""


class Outcome(StrEnum):
    """How a claim ends, see `RequestSettled`."""

    ANSWERED = "answered"
    REFUSED = "refused"
    FAILED = "failed"


class Order(StrEnum):
    """What a claim is told to do."""

    RUN = "run"
    """Carry it out."""
    AGAIN = "again"
    """Carry it out, though it may have been done by a process that died or failed."""
    REPLAY = "replay"
    """Give the answer that there is."""
    OTHER = "other"
    """The key stands for another request."""
    BUSY = "busy"
    """It is being carried out."""
    FULL = "full"
    """Too many keys are in use."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done with a claimed request.

    Parameters
    ----------
    answer : RequestSettled or None
        What to replay.
    wait_s : float
        After how long keys expire, where too many are in use.
    """

    order: Order
    answer: RequestSettled | None = None
    wait_s: float = 0.0


@dataclass(slots=True)
class _Use:
    """One key; `since` is when it was first claimed, `at` when last, by the broker's stamps."""

    tenant: str
    fingerprint: str
    since: float
    at: float
    claim: str
    failed: bool = False
    answer: RequestSettled | None = None


class Ledger:
    """The keys of the last 24 hours."""

    def __init__(self) -> None:
        self._uses: OrderedDict[str, _Use] = OrderedDict()
        self._of_tenant: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._uses)

    def clear(self) -> None:
        """Forget everything, because the log was made anew."""
        self._uses.clear()
        self._of_tenant.clear()

    def fold(self, record: Record, signer: Signer) -> tuple[str, Verdict] | None:
        """Take in one record of the topic; of a claim, return its id and what it is told.

        Raises
        ------
        ContractError
            Where it is forged, or cannot be read; nothing has changed then.
        """
        seen = open_fact(record, signer)
        if isinstance(seen.data, RequestClaimed):
            self._expire(record.timestamp)
            event = seen.event
            return event.id, self._claim(seen.data, event.id, event.tenant, record.timestamp)
        if isinstance(seen.data, RequestSettled):
            self._settle(seen.data)
        return None

    def _claim(self, data: RequestClaimed, claim: str, tenant: str, at: float) -> Verdict:
        use = self._uses.get(data.key)
        if use is None:
            return self._first(data, claim, tenant, at)
        if use.fingerprint != data.fingerprint:
            return Verdict(Order.OTHER)
        if use.answer is not None:
            return Verdict(Order.REPLAY, use.answer)
        if not use.failed and at - use.at < LEASE_S:
            return Verdict(Order.BUSY)
        use.claim, use.at, use.failed = claim, at, False
        return Verdict(Order.AGAIN)

    def _first(self, data: RequestClaimed, claim: str, tenant: str, at: float) -> Verdict:
        if len(self._uses) >= MOST or self._of_tenant[tenant] >= MOST_OF_TENANT:
            oldest = next(iter(self._uses.values()))
            return Verdict(Order.FULL, wait_s=KEPT_S - (at - oldest.since))
        self._uses[data.key] = _Use(tenant, data.fingerprint, at, at, claim)
        self._of_tenant[tenant] += 1
        return Verdict(Order.RUN)

    def _settle(self, data: RequestSettled) -> None:
        use = self._uses.get(data.key)
        if use is None or use.answer is not None:
            return
        if data.outcome == Outcome.ANSWERED:
            use.answer = data  # also of one whose lease was over: it is done
        elif use.claim != data.claim:
            return
        elif data.outcome == Outcome.FAILED:
            use.failed = True
        else:
            self._forget(data.key)

    def _expire(self, now: float) -> None:
        while self._uses:
            key, use = next(iter(self._uses.items()))
            if now - use.since < KEPT_S:
                return
            self._forget(key)

    def _forget(self, key: str) -> None:
        tenant = self._uses.pop(key).tenant
        self._of_tenant[tenant] -= 1
        if not self._of_tenant[tenant]:
            del self._of_tenant[tenant]
