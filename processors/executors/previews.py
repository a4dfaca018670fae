"""Says what a command would do, for a person who has to approve it: a dry run, and nothing else.

Nothing is claimed, as nothing is done. A question that comes twice is answered twice, with one id.
"""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path
from typing import Final

import msgspec

from processors.executors.actions.registry import Registry
from processors.executors.executor import NotPossible
from processors.executors.reports import Publish, report
from streams.contracts.envelope import Event
from streams.contracts.events.action import ActionPreviewed, Command, Preview, digest_of
from streams.contracts.trust import Signer

log = logging.getLogger(__name__)
LONGEST_S: Final = 30.0
"""What takes longer to find out is no answer for somebody who waits."""
MOST: Final = 65_536
"""Characters of a preview that are told; the digest is of all of them."""


class Previewer:
    """Answers questions about commands for one host.

    Parameters
    ----------
    host, registry, publish, signer, kill_switch
        As the `Dispatcher` has them.
    """

    def __init__(
        self, host: str, registry: Registry, publish: Publish, signer: Signer, kill_switch: Path
    ) -> None:
        self._host = host
        self._registry = registry
        self._publish = publish
        self._signer = signer
        self._kill_switch = kill_switch

    def concerns(self, question: Event) -> bool:
        """Say whether a question is about a command for this host."""
        return bool(question.data["command"]["host"] == self._host)

    async def answer(self, question: Event) -> None:
        """Tell what the command would do, or why it would be refused now."""
        asked = msgspec.convert(question.data, Preview)
        command = asked.command
        late = time.time() - command.expires_at
        shown = ActionPreviewed(
            command.action_id, command.action, command.target, self._host, asked.preview_hash
        )
        if late > 0:
            told = _refused(shown, "expired", f"nobody has waited for this for {late:.0f} s")
        else:
            told = await self._look(command, shown)
        await self._publish(report(question, told, self._host, time.time(), self._signer))

    async def _look(self, command: Command, shown: ActionPreviewed) -> ActionPreviewed:
        try:
            async with asyncio.timeout(LONGEST_S):
                text = tellable(await self._registry.make(command).preview())
        except NotPossible as refused:
            return _refused(shown, refused.reason, refused.detail)
        except TimeoutError:
            return _refused(shown, "timed_out", f"not found out within {LONGEST_S:g} s")
        except Exception as error:
            log.exception("what %s on %s would do is not known", command.action, command.target)
            return _refused(shown, "failed", f"{type(error).__name__}: {error}")
        shown = msgspec.structs.replace(shown, preview=_cut(text), digest=digest_of(text))
        if self._kill_switch.exists():
            return _refused(shown, "kill_switch", f"{self._kill_switch} exists; remove it to act")
        return shown


def tellable(text: str) -> str:
    """Return a preview as an event can hold it: names of files need not be text."""
    return text.encode("utf-8", "backslashreplace").decode()


def _refused(shown: ActionPreviewed, reason: str, detail: str) -> ActionPreviewed:
    return msgspec.structs.replace(shown, refused=reason, detail=tellable(detail))


def _cut(text: str) -> str:
    if len(text) <= MOST:
        return text
    whole = text[:MOST].rpartition("\n")[0] or text[:MOST]
    return f"{whole}\n… and {len(text) - len(whole):,} more characters"
