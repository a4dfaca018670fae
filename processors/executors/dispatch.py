"""Takes commands for this host and sees each through: guard, claim, act, verify, undo, report.

The claim is on disk before the effect and is reported beside it, so that the log's round trip is
not on the way to healing. Commands for one target keep their order; different targets go side by
side.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from pathlib import Path

import msgspec

from processors.executors.actions.registry import Registry
from processors.executors.claims import Claims
from processors.executors.commands import Order
from processors.executors.executor import Executor, NotPossible, Result
from processors.executors.previews import tellable
from processors.executors.reports import Publish, report
from streams.contracts.envelope import Event
from streams.contracts.events.action import (
    ActionClaimed,
    ActionFinished,
    ActionVerified,
    Command,
    digest_of,
)
from streams.contracts.record import Outgoing
from streams.contracts.trust import Signer

log = logging.getLogger(__name__)


class Dispatcher:
    """Carries out commands.

    Parameters
    ----------
    host : str
        Which commands are ours.
    registry : Registry
        Makes executors.
    claims : Claims
        The journal.
    publish : callable
        Writes reports; returns when they are acknowledged.
    signer : Signer
        Signs them.
    kill_switch : Path
        While this file exists nothing is done; it is looked at right before each effect.
    """

    def __init__(
        self,
        host: str,
        registry: Registry,
        claims: Claims,
        publish: Publish,
        signer: Signer,
        kill_switch: Path,
    ) -> None:
        self._host = host
        self._registry = registry
        self._claims = claims
        self._publish = publish
        self._signer = signer
        self._kill_switch = kill_switch
        self._targets: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def concerns(self, command: Event) -> bool:
        """Say whether a command is for this host and was not taken on before."""
        return command.data.get("host") == self._host and not self._claims.known(command.id)

    def take(self, event: Event) -> None:
        """Claim a command; it is on disk when this returns."""
        self._claims.claim(event)

    async def carry_out(self, event: Event) -> None:
        """See one command that was taken through to its reported outcome."""
        command = msgspec.convert(event.data, Order)
        async with self._targets[command.target]:
            claimed = asyncio.create_task(self._report(event, self._claimed(command)))
            began = time.monotonic()
            finished = await self._attempt(command)
            duration = time.monotonic() - began
            await claimed
            await self._conclude(event, msgspec.structs.replace(finished, duration_s=duration))

    async def settle(self) -> None:
        """Report on what was claimed before a crash: unknown, and how the target is now."""
        await asyncio.gather(*map(self._settle, self._claims.unfinished()))

    async def _settle(self, event: Event) -> None:
        command = msgspec.convert(event.data, Command)
        async with self._targets[command.target]:
            seen = await self._look(command)
            detail = f"the executor ended while acting; now: {seen.detail}"
            finished = self._finished(command, "unknown", seen.well, detail, seen.evidence)
            await self._conclude(event, finished)

    async def _look(self, command: Command) -> Result:
        try:
            return await self._registry.make(command).verify()
        except NotPossible as refused:
            return Result(False, refused.detail)
        except Exception as error:
            log.exception("cannot look at %s", command.target)
            return Result(False, f"{type(error).__name__}: {error}")

    async def _attempt(self, command: Order) -> ActionFinished:
        """Return the outcome; whatever goes wrong is one."""
        try:
            self._guard(command)
            executor = self._registry.make(command)
            preview = await executor.preview()
            _guard_approved(command, preview)
            if command.dry_run:
                return self._finished(command, "simulated", False, preview, {"preview": preview})
            self._guard_switch()
        except NotPossible as refused:
            return self._finished(
                command, "refused", False, str(refused), {"reason": refused.reason}
            )
        except Exception as error:
            log.exception("%s on %s cannot be prepared", command.action, command.target)
            detail = f"{type(error).__name__}: {error}"
            return self._finished(command, "failed", False, detail, {})
        return await self._act(command, executor, preview)

    def _guard_switch(self) -> None:
        if self._kill_switch.exists():
            raise NotPossible("kill_switch", f"{self._kill_switch} exists; remove it to act")

    def _guard(self, command: Command) -> None:
        late = time.time() - command.expires_at
        if late > 0:
            raise NotPossible("expired", f"the command expired {late:.0f} s ago")

    async def _act(self, command: Command, executor: Executor, preview: str) -> ActionFinished:
        evidence: dict[str, object] = {"preview": preview}
        try:
            async with asyncio.timeout(command.timeout_s):
                done = await executor.run()
                seen = await executor.verify() if done.well else done
        except TimeoutError:
            seen = Result(False, f"not done within {command.timeout_s} s")
            return await self._undone(command, executor, "timed_out", seen, evidence)
        except Exception as error:
            log.exception("%s on %s failed", command.action, command.target)
            seen = Result(False, f"{type(error).__name__}: {error}")
            return await self._undone(command, executor, "failed", seen, evidence)
        evidence |= done.evidence | seen.evidence
        if not seen.well:
            return await self._undone(command, executor, "failed", seen, evidence)
        return self._finished(command, "succeeded", True, seen.detail, evidence)

    async def _undone(
        self,
        command: Command,
        executor: Executor,
        outcome: str,
        seen: Result,
        evidence: dict[str, object],
    ) -> ActionFinished:
        try:
            undone = await executor.undo()
        except Exception as error:
            log.exception("%s on %s cannot be undone", command.action, command.target)
            undone = Result(False, f"it could not be: {type(error).__name__}: {error}")
        if undone is None:
            return self._finished(command, outcome, False, seen.detail, evidence)
        detail = f"{seen.detail}; undone: {undone.detail}"
        return self._finished(
            command, "undone" if undone.well else outcome, False, detail, evidence
        )

    def _claimed(self, command: Command) -> ActionClaimed:
        return ActionClaimed(command.action_id, command.action, command.target, self._host)

    def _finished(
        self,
        command: Command,
        outcome: str,
        verified: bool,
        detail: str,
        evidence: dict[str, object],
    ) -> ActionFinished:
        return ActionFinished(
            command.action_id, command.action, command.target, self._host,
            outcome, verified, detail, 0.0, evidence,
        )  # fmt: skip

    async def _conclude(self, event: Event, finished: ActionFinished) -> None:
        try:
            records = self._outcome(event, finished)
        except (TypeError, ValueError, msgspec.MsgspecError) as error:
            log.exception("what %s on %s came to cannot be told", finished.action, finished.target)
            detail = f"{finished.outcome}, but its evidence cannot be told: {error}"
            bare = msgspec.structs.replace(
                finished, outcome="unknown", verified=False, detail=detail, evidence={}
            )
            records = self._outcome(event, bare)
        for record in records:
            await self._publish(record)
        self._claims.finish(event.id)

    def _outcome(self, event: Event, finished: ActionFinished) -> list[list[Outgoing]]:
        """Return the reports of an outcome; all of them are made before one is written."""
        told: list[msgspec.Struct] = [finished]
        if finished.verified:
            verified = ActionVerified(
                finished.action_id, finished.action, finished.target, finished.host,
                "health", finished.detail, finished.duration_s,
            )  # fmt: skip
            told.insert(0, verified)
        return [report(event, data, self._host, time.time(), self._signer) for data in told]

    async def _report(self, event: Event, data: msgspec.Struct) -> None:
        await self._publish(report(event, data, self._host, time.time(), self._signer))


def _guard_approved(command: Order, preview: str) -> None:
    """Refuse what was approved as it was shown, where it would be something else by now."""
    if command.exactly and digest_of(tellable(preview)) != command.exactly:
        detail = f"this was not approved, only what the dry run said before: {preview}"
        raise NotPossible("preview_changed", detail)
