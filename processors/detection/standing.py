"""When an alarm begins and ends: one rule, live and in a backtest, for one agent or for many."""

from __future__ import annotations

from typing import NamedTuple

from processors.detection.arithmetic import Truth, Value


class Turn(NamedTuple):
    """What records make of the alarms of their agents.

    Parameters
    ----------
    begins : bool
        Whether an alarm is raised.
    ends : bool
        Whether the one that stood is over: its cause is gone, or it is accepted.
    accepted : bool
        Whether its cause has lasted for so long that it is the new normal.
    """

    begins: Truth
    ends: Truth
    accepted: Truth


def turn(since: Value, at: Value, alarm: Truth, lasts: Truth, accept_after_s: float) -> Turn:
    """Return what records come to.

    Parameters
    ----------
    since : float
        When the alarm began that stands, seconds since the epoch; infinite where there is none.
    at : float
        When the record was measured.
    alarm, lasts : bool
        See `processors.detection.agent.Judgement`.
    accept_after_s : float
        An alarm whose cause is still there after this time is accepted.

    Examples
    --------
    >>> turn(100.0, 400.0, alarm=False, lasts=False, accept_after_s=300.0)
    Turn(begins=False, ends=True, accepted=False)
    >>> turn(100.0, 400.0, alarm=True, lasts=True, accept_after_s=300.0)
    Turn(begins=False, ends=True, accepted=True)
    """
    stood = since < float("inf")
    accepted = lasts & (at - since >= accept_after_s)
    return Turn(alarm > stood, (stood > alarm) | accepted, accepted)
