"""The worker: runs steps on the log until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Any, Final

from processors.runtime.app import WorkerApp, add_agent, make_app
from processors.runtime.ending import Ending, Tasks, end_process
from processors.runtime.heap import prepare, spare_in_time
from processors.runtime.member import Member
from processors.runtime.outputs import Outputs
from processors.runtime.owner import Owner
from processors.runtime.restore import Restorer
from processors.runtime.snapshots import Snapshots, ready
from processors.runtime.vitals import Vitals
from processors.runtime.watchdog import Watchdog
from processors.step import Step
from streams.contracts.trust import Signer
from streams.kafka.connection import Connection
from streams.kafka.errors import BrokerAway
from streams.kafka.quiet import calm_client_logs
from streams.producers.ticker import Ticker

log = logging.getLogger(__name__)

_AGAIN_S: Final = 1.0
_KEEP_S: Final = 1.0
_COMMIT_EVERY: Final = 10
_STOP_S: Final = 15.0


async def run_worker(
    connection: Connection,
    steps: Sequence[Step[Any]],
    signer: Signer,
    member: Member,
    *,
    stop: asyncio.Event | None = None,
    ticker: bool = True,
    end: Ending = end_process,
) -> None:
    """Run `steps` until `stop` is set; anything unclear ends the process with status 70.

    A broker that is away is waited for. The process is the worker's alone: its allocator and its
    garbage collector are set for it.

    Parameters
    ----------
    connection : Connection
        How to reach the broker.
    steps : sequence of Step
        One for each inbox.
    signer : Signer
        Signs what is written and checks what is read.
    member : Member
        Which of the workers it is.
    stop : asyncio.Event or None
        Asks for an orderly end: a last snapshot, then leave.
    ticker : bool
        Whether this worker is a candidate for the ticker's lease.
    end : callable
        Ends the process.
    """
    prepare()
    calm_client_logs()
    stop = stop or asyncio.Event()
    worker = Worker(connection, steps, signer, member, end)
    if not await _started(worker, stop):
        return
    if ticker:
        ticking = Ticker(connection, signer, member.slot, group=f"{member.group}-ticker")
        worker.tasks.start(ticking.run(), "tick")
    await worker.until(stop)
    await worker.stop()


async def _started(worker: Worker, stop: asyncio.Event) -> bool:
    """Start `worker` as soon as a broker answers; return whether one did before `stop` was set."""
    told = False
    while not stop.is_set():
        try:
            # What may find nobody comes first in it, so that nothing has begun then.
            await worker.start()
        except BrokerAway as error:
            if not told:
                log.warning("%s; trying again every %.0f s", error, _AGAIN_S)
            told = True
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _AGAIN_S)
        else:
            return True
    return False


class Worker:
    """The parts of a worker, wired; see `run_worker` for the parameters."""

    def __init__(
        self,
        connection: Connection,
        steps: Sequence[Step[Any]],
        signer: Signer,
        member: Member,
        end: Ending,
    ) -> None:
        self._end = end
        self._session_s = connection.session_s
        self.tasks = Tasks(end)
        self._outputs = Outputs(connection, end)
        self._snapshots = Snapshots(self._outputs, signer, self.tasks)
        by_inbox = {step.inbox.name: step for step in steps}
        counts = {step.inbox.name: step.inbox.partitions(member.partitions) for step in steps}
        restorer = Restorer(connection, by_inbox, signer, counts)
        self.owner = Owner(restorer, self._outputs, self._snapshots, end)
        self._watchdog = Watchdog(connection, self.owner, list(by_inbox), end)
        self._vitals = Vitals(member.slot, self.owner, self._watchdog, self._outputs, signer)
        self.app: WorkerApp = make_app(connection, self.owner, member)
        for step in steps:
            add_agent(self.app, step, end)
        self._starting: asyncio.Future[Any] | None = None

    async def start(self) -> None:
        """Connect and begin; returns before the first partition is assigned."""
        await self._outputs.start()
        # Returns only after the first recovery, so it is not awaited here.
        self._starting = asyncio.ensure_future(self.app.start())
        for name, work in (
            ("loop watchdog", self._watchdog.watch_loop(self._session_s)),
            ("progress watchdog", self._watchdog.watch_progress()),
            ("vitals", self._vitals.run()),
            ("housekeeping", self._keep()),
        ):
            self.tasks.start(work, name)

    async def until(self, stop: asyncio.Event) -> None:
        """Return when `stop` is set; end the process where the app crashes or cannot start."""
        if self._starting is None:
            raise RuntimeError("start the worker first")
        crashed = asyncio.ensure_future(self.app._crashed.wait())
        stopped = asyncio.ensure_future(stop.wait())
        waiting = {crashed, stopped, self._starting}
        while not stopped.done():
            done, waiting = await asyncio.wait(waiting, return_when="FIRST_COMPLETED")
            if self._starting in done and self._starting.exception() is not None:
                self._end(f"the app did not start: {self._starting.exception()!r}")
            if crashed in done:
                self._end(f"the app crashed: {self.app.crash_reason!r}")
        crashed.cancel()

    async def stop(self) -> None:
        """Stop reading, let outputs land, snapshot, then leave."""
        self.app.consumer.stop_flow()
        self.app.flow_control.suspend()
        self.app.flow_control.clear()
        async with asyncio.timeout(_STOP_S):
            held = list(self.owner.lanes.values())
            # A snapshot under way is older than what the lane holds now.
            while any(lane.alive and (lane.snapshotting or lane.unsent) for lane in held):
                await asyncio.sleep(0.01)
            lanes = [lane for lane in held if ready(lane)]
            await asyncio.gather(*(self._snapshots.begin(lane) for lane in lanes))
            await self.app.stop()
            await self.tasks.cancel()
            await self._outputs.stop()
        log.info("the worker stopped in order")

    async def _keep(self) -> None:
        """Snapshot lanes that have gone quiet, and show positions to lag tools."""
        shown: dict[Any, int] = {}
        beat = 0
        while True:
            await asyncio.sleep(_KEEP_S)
            beat += 1
            spare_in_time()
            if not self.owner.assigned.is_set():
                self._check_membership()
            for lane in list(self.owner.lanes.values()):
                self._snapshots.consider(lane)
            if beat % _COMMIT_EVERY == 0 and not self.app.rebalancing:
                shown = await self._show(shown)

    def _check_membership(self) -> None:
        from aiokafka.errors import InvalidSessionTimeoutError, KafkaError

        try:
            self.app.consumer.check_membership()
        except InvalidSessionTimeoutError:
            self._end(
                f"the broker refuses a session of {self._session_s:g} s: set HOMEOSTAT_SESSION_S "
                "within its group.min.session.timeout.ms and group.max.session.timeout.ms"
            )
        except KafkaError as error:
            self._end(f"the consumer group refuses this worker: {error!r}")

    async def _show(self, shown: dict[Any, int]) -> dict[Any, int]:
        from faust.types import TP

        lanes = self.owner.lanes.values()
        now = {TP(*n.place): n.snapshot_position for n in lanes if n.snapshot_position >= 0}
        if now != shown:
            try:
                async with asyncio.timeout(5):
                    await self.app.consumer.commit_positions(now)
            except Exception as error:  # noqa: BLE001  only lag tools read these offsets
                log.warning("positions were not shown to lag tools: %r", error)
        return now
