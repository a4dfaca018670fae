"""The life of an action, from proposal to verified outcome."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec


def digest_of(preview: str) -> str:
    """Return the SHA-256 of a dry run's text, in hex: by it a person says what was looked at."""
    return hashlib.sha256(preview.encode()).hexdigest()


class Candidate(msgspec.Struct, frozen=True):
    """One action that was weighed, with its scores and, if it lost, why.

    Parameters
    ----------
    action : str
        The action's type, such as service.restart.
    improvement : float
        Share of the deviation that it is expected to remove, 0-1.
    success_probability : float
        0-1, from the prior and what was learnt.
    expected_value : float
        improvement x success_probability.
    risk : float
        0-1.
    score : float
        expected_value - risk_weight x risk.
    mode : str
        observe, propose, approve or auto.
    rejected : str
        Empty for the chosen one; otherwise a stable name (expected_value_too_low, …).
    """

    action: str
    improvement: float
    success_probability: float
    expected_value: float
    risk: float
    score: float
    mode: str
    rejected: str = ""


class ActionProposed(msgspec.Struct, frozen=True):
    """A finding led to a decision: the chosen action, and the candidates that lost.

    `action_id` is also the id of the command that may follow. Where no candidate passes,
    the decision is an `ActionWithheld`.
    """

    action_id: str
    action: str
    target: str
    host: str
    parameters: dict[str, Any]
    finding_id: str
    finding_kind: str
    severity: str
    attempt: int
    mode: str
    risk: float
    score: float
    timeout_s: float
    candidates: list[Candidate]
    policy_version: int
    policy_hash: str
    group: str = ""
    depends_on: list[str] = []
    requested_by: str = ""


class ActionWithheld(msgspec.Struct, frozen=True):
    """No action was proposed, by a named rule (cooldown, backoff, observe, no_candidate, …)."""

    finding_id: str
    finding_kind: str
    target: str
    reason: str
    retry_at: float | None
    candidates: list[Candidate]
    policy_version: int


class ActionRequested(msgspec.Struct, frozen=True):
    """A person asks for an action on a target."""

    action: str
    target: str
    parameters: dict[str, Any]
    requested_by: str


class ActionAwaiting(msgspec.Struct, frozen=True):
    """The action waits for a person's approval until `expires_at` (seconds since the epoch)."""

    action_id: str
    action: str
    target: str
    reason: str
    expires_at: float
    preview_hash: str


class ApprovalGiven(msgspec.Struct, frozen=True):
    """A person's answer to a waiting action; written by the API into the governor's inbox.

    Parameters
    ----------
    preview_hash : str
        Of what would be commanded, as `ActionAwaiting` has it; the answer is to this and no other.
    seen : str
        The digest of the dry run that the person looked at; empty where there was none.
    exactly : bool
        Whether it may only be done while a dry run still says just that.
    """

    action_id: str
    approved: bool
    by: str
    reason: str = ""
    preview_hash: str = ""
    seen: str = ""
    exactly: bool = False


class PreviewRequested(msgspec.Struct, frozen=True):
    """A person wants to see anew what a waiting action would do."""

    action_id: str
    requested_by: str


class ActionPreviewed(msgspec.Struct, frozen=True):
    """What a waiting action would do, as the executor that would do it found by a dry run.

    Parameters
    ----------
    preview_hash : str
        Of what would be commanded, as `ActionAwaiting` has it.
    preview : str
        The steps, a line each; empty where it would be refused before any was known.
    digest : str
        Of the whole of `preview`, by which an approval says what was looked at.
    refused : str
        Why it would be refused now, by a stable name (not_needed, kill_switch, …); otherwise empty.
    detail : str
        The same as a sentence.
    """

    action_id: str
    action: str
    target: str
    host: str
    preview_hash: str
    preview: str = ""
    digest: str = ""
    refused: str = ""
    detail: str = ""


class ActionQueued(msgspec.Struct, frozen=True):
    """Granted in principle, waiting for a slot or a dependency."""

    action_id: str
    action: str
    target: str
    reason: str


class ActionGranted(msgspec.Struct, frozen=True):
    """The governor let it go: the command was written."""

    action_id: str
    action: str
    target: str
    host: str
    approved_by: str
    expires_at: float


class ActionRefused(msgspec.Struct, frozen=True):
    """It will not be done, by a named guard (rejected, expired, blast_radius, kill_switch …)."""

    action_id: str
    action: str
    target: str
    reason: str
    detail: str
    by: str = ""


class ActionClaimed(msgspec.Struct, frozen=True):
    """An executor recorded the command on disk and is about to act."""

    action_id: str
    action: str
    target: str
    host: str


class ActionFinished(msgspec.Struct, frozen=True):
    """What the action did, as the executor measured it.

    Parameters
    ----------
    outcome : str
        succeeded, failed, refused, timed_out, undone, unknown or simulated.
    verified : bool
        Whether the target was checked afterwards and found well.
    detail : str
        One sentence for a person.
    duration_s : float
        From claim to verdict.
    evidence : dict
        What was checked: pid, exit status, latency, bytes freed, dry-run text.
    """

    action_id: str
    action: str
    target: str
    host: str
    outcome: str
    verified: bool
    detail: str
    duration_s: float
    evidence: dict[str, Any] = {}


class ActionVerified(msgspec.Struct, frozen=True):
    """The target was checked after the effect and is well."""

    action_id: str
    action: str
    target: str
    host: str
    check: str
    detail: str
    duration_s: float


class Command(msgspec.Struct, frozen=True):
    """What an executor is told to do; the event's type is the action's (service.restart).

    Parameters
    ----------
    expires_at : float
        Seconds since the epoch; a later executor refuses it as stale.
    dry_run : bool
        Print exactly what would be done, and do nothing.
    """

    action_id: str
    action: str
    target: str
    host: str
    parameters: dict[str, Any]
    timeout_s: float
    expires_at: float
    dry_run: bool
    policy_version: int
    attempt: int = 1
    requested_by: str = ""
    finding_kind: str = ""


class Preview(msgspec.Struct, frozen=True):
    """An executor is asked what it would do were it told `command` now; it does nothing.

    It is no `Command` itself, so that an executor that does not know it can only refuse it.
    """

    command: Command
    preview_hash: str


class CarryOut(msgspec.Struct, frozen=True):
    """An executor is told `command`, to be done only while a dry run says what was approved.

    `exactly` is the digest of that dry run. It is no `Command` itself either: who would not look
    at it must not act.
    """

    command: Command
    exactly: str
