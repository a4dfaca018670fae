"""A worker's own heartbeat, signed: the system watches itself like anything else."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Final

from processors.runtime.outputs import Outputs
from processors.runtime.owner import Owner
from processors.runtime.watchdog import Watchdog
from streams.contracts.record import Outgoing
from streams.contracts.telemetry import Heartbeat, encode_heartbeat
from streams.contracts.topics import TELEMETRY
from streams.contracts.trust import RecordKind, Signer

log = logging.getLogger(__name__)

PERIOD_S: Final = 10.0
FIRST_S: Final = 1.0
"""A new worker is heard of soon, so that nobody takes it for missing."""


class Vitals:
    """Publishes records_per_s, consumer_lag, snapshot_age_s, dead_letters and relearning_records.

    The last says how many records a new version of a step, which learns anew from the log, has
    still to fold before it judges anything.

    Parameters
    ----------
    slot : int
        The agent is ``worker-SLOT``.
    """

    def __init__(
        self, slot: int, owner: Owner, watchdog: Watchdog, outputs: Outputs, signer: Signer
    ) -> None:
        self._agent = f"worker-{slot}"
        self._owner = owner
        self._watchdog = watchdog
        self._outputs = outputs
        self._signer = signer
        self._records = 0

    async def run(self) -> None:
        """Send one heartbeat each period."""
        pause = FIRST_S
        while True:
            await asyncio.sleep(pause)
            await self._outputs.send([self._heartbeat()])
            pause = PERIOD_S

    def _heartbeat(self) -> Outgoing:
        heartbeat = Heartbeat(self._agent, self._metrics(), agent_type="worker")
        record = Outgoing(TELEMETRY.name, heartbeat.key.encode(), encode_heartbeat(heartbeat))
        return self._signer.sign(record, RecordKind.TELEMETRY)

    def _metrics(self) -> dict[str, float]:
        owner, now = self._owner, time.monotonic()
        folded, self._records = owner.records - self._records, owner.records
        waiting = [now - lane.snapshot_at for lane in owner.lanes.values() if lane.since_snapshot]
        if (left := self._relearning()) > 0:
            _tell(left, folded / PERIOD_S)
        return {
            "records_per_s": folded / PERIOD_S,
            "consumer_lag": float(self._watchdog.lag),
            "snapshot_age_s": max(waiting, default=0.0),
            "dead_letters": float(owner.dead_letters + owner.skips),
            "relearning_records": float(left),
        }

    def _relearning(self) -> int:
        """Return how many records lie before the cut-overs that are still to come."""
        lanes = self._owner.lanes.values()
        return sum(max(0, lane.silent_before - lane.next) for lane in lanes if not lane.crossed)


def _tell(left: int, rate: float) -> None:
    """Log how long it takes until a version that learns anew has caught up."""
    minutes = f"{left / rate / 60.0:.1f} min" if rate else "unknown"
    log.warning("learning anew from the log: %d records to go, %.0f/s, time left: %s; until then "
                "nothing new is judged", left, rate, minutes)  # fmt: skip
