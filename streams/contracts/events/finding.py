"""What was judged wrong, with its evidence."""

from __future__ import annotations

from typing import Final

import msgspec

SEVERITIES: Final = ("emergency", "critical", "high", "warning", "info")
"""Worst first."""

ACCEPTABLE: Final = (
    "anomaly", "shift", "trend", "flat_line", "missing_metric", "heartbeat_gap", "clock_skew",
    "decoupled", "unit_change",
)  # fmt: skip
"""Kinds of the detector's, which finds out itself what is normal, and can be told."""


def severity_rank(severity: str) -> int:
    """Return 0 for the worst severity; an unknown one ranks last."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


class FindingRaised(msgspec.Struct, frozen=True):
    """Something is wrong.

    Parameters
    ----------
    finding_id : str
        Stable for the life of the finding.
    kind : str
        service_down, agent_offline, threshold, disk_pressure, port_conflict, crash_loop,
        automation_suspended; of the detector anomaly, shift, trend, flat_line, missing_metric,
        heartbeat_gap, clock_skew, decoupled and unit_change.
    severity : str
        info, warning, high, critical or emergency.
    metric : str
        The metric that drove it; empty where none did.
    value, expected_low, expected_high : float or None
        What was seen, and the range that was expected, in the metric's unit.
    since : float
        When the deviation began, seconds since the epoch.
    summary : str
        One sentence for a person.
    drivers : list of str
        Metrics that contribute, strongest first.
    agent_type : str
        The agent's type, so that who decides need not ask.
    labels : dict
        The agent's labels at that time (host, group, depends_on, managed).
    policy_version : int
        The policy that judged.
    reaches_limit_at : float or None
        When a climb reaches its limit if it goes on, seconds since the epoch.
    one_in : int or None
        Of an anomaly: about one of so many of the agent's records is as unusual.
    rule : str
        Of a threat: the rule that was broken; otherwise empty.
    """

    finding_id: str
    kind: str
    severity: str
    metric: str
    value: float | None
    expected_low: float | None
    expected_high: float | None
    since: float
    summary: str
    policy_version: int
    drivers: list[str] = []
    agent_type: str = ""
    labels: dict[str, str] = {}
    reaches_limit_at: float | None = None
    one_in: int | None = None
    rule: str = ""


class FindingChanged(msgspec.Struct, frozen=True):
    """An open finding got worse or better without ending."""

    finding_id: str
    kind: str
    severity: str
    metric: str
    value: float | None
    summary: str
    reaches_limit_at: float | None = None


class FindingEnded(msgspec.Struct, frozen=True):
    """A finding is over.

    `reason` is recovered, new_normal, superseded, agent_gone, or quiet: nothing more was said that
    it could be judged by.
    """

    finding_id: str
    kind: str
    metric: str
    reason: str
    lasted_s: float


class FindingWithheld(msgspec.Struct, frozen=True):
    """An open finding asks for nobody's attention now, by a silence.

    Parameters
    ----------
    silence_id : str
        The rule that withholds it: of several the one that is maintenance, then that ends last.
    silenced_by, reason : str
        Who made it, and why.
    maintenance : bool
        Whether automatic actions on it are held back as well.
    until : float
        When the silence, or this window of it, ends; seconds since the epoch.
    """

    finding_id: str
    kind: str
    silence_id: str
    silenced_by: str
    reason: str
    maintenance: bool
    until: float


class FindingReleased(msgspec.Struct, frozen=True):
    """An open finding that was withheld asks for attention again, and is acted on as if new.

    `reason` is over (the silence, or this window of it), ended (by a person), or changed: the
    finding is not what the silence is about any more.
    """

    finding_id: str
    kind: str
    silence_id: str
    reason: str
    withheld_s: float


class AcceptanceRequested(msgspec.Struct, frozen=True):
    """A person takes what the detector found for the new normal.

    Parameters
    ----------
    finding_id : str
        An open finding of the detector's.
    reason : str
        Why, in the person's words.
    requested_by : str
        Who.
    """

    finding_id: str
    reason: str
    requested_by: str
