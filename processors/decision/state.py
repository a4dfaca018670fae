"""What the decision remembers: of each target in trouble, and of each action's record."""

from __future__ import annotations

import msgspec

from processors.silences.book import Silence
from streams.contracts.events.finding import FindingRaised


class Withheld(msgspec.Struct, frozen=True):
    """A finding asks for nobody's attention, by a silence, since and until when."""

    silence_id: str
    maintenance: bool
    since: float
    until: float


class OpenFinding(msgspec.Struct):
    """A finding that has not ended; `told` is the last reason recorded for not acting on it."""

    raised: FindingRaised
    event_id: str
    told: str = ""
    withheld: Withheld | None = None


class Attempt(msgspec.Struct, frozen=True):
    """An action that was proposed: `finding_id` is empty where a person asked for it."""

    action: str
    agent_type: str
    finding_id: str
    finding_kind: str
    predicted: float
    mode: str
    requested_by: str = ""

    @property
    def holds_up(self) -> bool:
        """Whether the target waits for its end: not for a person's answer, nor a person's wish."""
        return self.mode == "auto" and not self.requested_by


class Trial(msgspec.Struct, frozen=True):
    """An attempt that was verified, until its finding has stayed away long enough."""

    attempt: Attempt
    improvement: float
    duration_s: float


class CrashLoop(msgspec.Struct):
    """The finding that tells a person, and how many failures it has told of."""

    finding_id: str
    since: float
    told: int


class Wait(msgspec.Struct, frozen=True):
    """A pause before the next try: cooldown or backoff, until a moment of the step's time."""

    reason: str
    until: float


class Target(msgspec.Struct):
    """One agent in trouble.

    Parameters
    ----------
    findings : dict
        What is open and may be answered, by finding id.
    notices : dict
        Open findings about automation itself, which no action answers.
    attempts : dict
        What is under way, by action id.
    trial : Trial or None
        The last verified fix, on probation.
    stable_at : float or None
        When the target counts as recovered, if no finding comes back before.
    failures : int
        Ineffective tries in a row, of whatever fix.
    tries : dict
        Ineffective tries by action, since the last recovery.
    refusals : int
        Proposals in a row that came to nothing without having been tried.
    rejected : list of str
        Actions that a person rejected, while the trouble lasts.
    struggle : str
        The kind of finding that was last answered: its staying away is recovery, whatever else
        is open.
    stopped_by : str
        Who stopped it on purpose; automation leaves it alone until it is started again.
    """

    findings: dict[str, OpenFinding] = {}
    attempts: dict[str, Attempt] = {}
    trial: Trial | None = None
    wait: Wait | None = None
    stable_at: float | None = None
    failures: int = 0
    tries: dict[str, int] = {}
    refusals: int = 0
    rejected: list[str] = []
    last_action: str = ""
    last_detail: str = ""
    agent_type: str = ""
    labels: dict[str, str] = {}
    struggle: str = ""
    crash_loop: CrashLoop | None = None
    stopped_by: str = ""
    notices: dict[str, OpenFinding] = {}

    @property
    def struggling(self) -> bool:
        """Whether a finding of the kind that was last answered is open."""
        return any(f.raised.kind == self.struggle for f in self.findings.values())

    def open(self, finding_id: str) -> OpenFinding | None:
        """Return an open finding, whether it may be answered or not."""
        return self.findings.get(finding_id) or self.notices.get(finding_id)

    @property
    def forgettable(self) -> bool:
        """Whether nothing is open, under way, on probation or to be told."""
        told = self.findings or self.notices or self.crash_loop
        busy = told or self.attempts or self.stopped_by
        return not busy and self.stable_at is None and not self.failures

    @property
    def due(self) -> float | None:
        """When its earliest timer is due, if any waits."""
        times = [self.wait.until] if self.wait else []
        times += [self.stable_at] if self.stable_at is not None else []
        return min(times, default=None)


class Learnt(msgspec.Struct):
    """The record of an action on a kind of target, and the ledger of its predictions.

    Parameters
    ----------
    successes, failures : int
        Outcomes; a success is a fix that held.
    improvement_sum : float
        Shares of the deviation that the successes removed.
    duration_sum_s : float
        From claim to verdict, over the successes.
    predicted_sum, squared_error_sum : float
        Predicted probabilities of success, and their squared errors: their means over the
        outcomes are the mean prediction and the Brier score (Brier 1950).
    """

    successes: int = 0
    failures: int = 0
    improvement_sum: float = 0.0
    duration_sum_s: float = 0.0
    predicted_sum: float = 0.0
    squared_error_sum: float = 0.0


class DecisionState(msgspec.Struct):
    """The state of one partition.

    `due` holds the targets that wait, `woken` whom a message is about, and `roused` whose findings
    a silence begins or ceases to withhold.
    """

    targets: dict[str, Target] = {}
    learnt: dict[str, Learnt] = {}
    due: dict[str, float] = {}
    woken: list[str] = []
    silences: dict[str, dict[str, Silence]] = {}
    roused: list[str] = []
