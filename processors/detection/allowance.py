"""The allowance of alarms, which keeps the promised rate whatever the tail of an agent is.

It fills at one and a half times the promised rate, as some alarms are true, and pays for each
alarm, and again where one has all but run out before there is new cause. Chance does not repeat
itself: each further record that is unusual in itself while an alarm stands gives a fifth of its
price back. Who overdraws the allowance is judged by a higher bar until the excess has faded, in
weeks. In the first week the bar rises in longer steps, as a search that knows little begins.

It fails where chance comes in clusters as long as faults, as in metrics that wander: there the
range of values seen, not the allowance, holds the rate.

Sources: Turner, "New directions in communications" (1986), for the allowance; Robbins and Monro,
"A stochastic approximation method" (1951), for steps that grow shorter.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from processors.detection.arithmetic import Arithmetic, Truth, Value
from processors.detection.tuning import LN2

_MOST: Final = 6.0
_OVERDRAWN: Final = 0.15
_STEEPER: Final = 6.0
"""How many times longer the first step is than those after a week, beyond once."""
_GENEROUS: Final = 1.5
_BACK_D: Final = 7.0
_GIVEN_BACK: Final = 0.2
_BACK_UP_TO: Final = 2.0
"""A fault that lasts for days earns no alarms of chance after it."""
_HOLD_ROWS: Final = 120.0
_HOLD_S: Final = (600.0, 7200.0)
_RUN_OUT: Final = 0.25
"""An alarm with less of its hold left that has new cause is another one: chance renews them so."""


class Account(NamedTuple):
    """What an alarm costs, and for how long it stands.

    Parameters
    ----------
    hold : float
        Seconds for which the alarm still stands; 0 where there is none.
    allowance : float
        Alarms that may still be had.
    raised_bar : float
        By how much the bar lies above the common one.
    """

    hold: Value
    allowance: Value
    raised_bar: Value


class Cause(NamedTuple):
    """What one record gives cause for.

    Parameters
    ----------
    fired : bool
        Cause for an alarm.
    lasts : bool
        Cause for an alarm to stand.
    itself : bool
        Whether this record is unusual, and not only the few before it.
    """

    fired: Truth
    lasts: Truth
    itself: Truth


def account(
    m: Arithmetic,
    before: Account,
    cause: Cause,
    dt: Value,
    interval: Value,
    age: Value,
    per_week: float,
) -> Account:
    """Hold an alarm for a while after its last cause, and pay for it when it begins.

    Parameters
    ----------
    m : Arithmetic
        Of single values or of vectors.
    before : Account
        As the record before left it.
    cause : Cause
        What this record gives cause for.
    dt, interval : float
        Seconds since the record before, and between records on average.
    age : float
        Days of life.
    per_week : float
        Alarms of an agent in a week that were promised.
    """
    near = m.minimum(dt, 3600.0)
    length = m.maximum(m.minimum(_HOLD_ROWS * interval, _HOLD_S[1]), _HOLD_S[0])
    stands = before.hold > _RUN_OUT * length
    hold = m.where(cause.lasts, length, m.maximum(before.hold - dt, 0.0))
    had = m.minimum(before.allowance + near * (_GENEROUS * per_week / 604800.0), _MOST)
    back = m.where(cause.fired & cause.itself, _GIVEN_BACK, 0.0)
    again = m.maximum(had, m.minimum(had + back, _BACK_UP_TO))
    left = m.where(stands, again, had - m.where(cause.fired, 1.0, 0.0))
    step = _OVERDRAWN * (1.0 + _STEEPER * m.maximum(1.0 - age * (1.0 / _BACK_D), 0.0))
    raised = before.raised_bar * (1.0 - near * (LN2 / 86400.0 / _BACK_D))
    return Account(hold, m.maximum(left, 0.0), raised + m.where(left < 0.0, step, 0.0))
