"""Alarms are paid for, what confirms them gives back, and the young claim little."""

from __future__ import annotations

import numpy as np

from processors.detection.agent import bar_for
from processors.detection.allowance import Account, Cause, account
from processors.detection.arithmetic import SCALAR
from processors.detection.fold import Promise, Values, see, tell
from processors.detection.memory import OwnAgents, OwnSeries
from processors.detection.tuning import TUNING

_HOSTS, _METRICS, _RECORDS = 60, 8, 300
_FIRED = Cause(fired=True, lasts=True, itself=True)


def _after(before: Account, cause: Cause, age: float = 30.0) -> Account:
    return account(SCALAR, before, cause, 60.0, 60.0, age, 7.0)


def test_what_repeats_itself_within_an_alarm_gives_its_price_back() -> None:
    begun = _after(Account(0.0, 1.5, 0.0), _FIRED)
    assert begun.hold == 7200.0
    assert 0.5 < begun.allowance < 0.51
    confirmed = begun
    for _ in range(5):
        confirmed = _after(confirmed, _FIRED)
    assert confirmed.allowance > 1.5
    for _ in range(100):
        confirmed = _after(confirmed, _FIRED)
    assert confirmed.allowance < 2.2, "a fault of days earns no alarms of chance"


def test_who_overdraws_is_judged_by_a_higher_bar_the_young_by_a_much_higher_one() -> None:
    old, young = (_after(Account(0.0, 0.0, 0.0), _FIRED, age) for age in (30.0, 0.1))
    assert old.allowance == young.allowance == 0.0
    assert old.raised_bar == 0.15
    assert young.raised_bar > 6.0 * old.raised_bar


def test_a_host_minutes_old_raises_no_alarm_for_what_drifts_and_bursts() -> None:
    draw = np.random.default_rng(3)
    noise = draw.normal(0.0, 1.0, (_RECORDS, _HOSTS, _METRICS))
    drift = np.cumsum(draw.gamma(0.3, 1.0, noise.shape), axis=0)
    burst = np.exp(draw.normal(0.0, 0.8, (_RECORDS, _HOSTS, 1)))
    metrics = 100.0 + noise + np.where(np.arange(_METRICS) % 2, drift, burst)
    series, agents = OwnSeries(), OwnAgents()
    series.take_block(_HOSTS * _METRICS)
    agents.take_block(_HOSTS)
    record, hosts = np.repeat(np.arange(_HOSTS), _METRICS), np.arange(_HOSTS)
    promise, rows = Promise(7.0, bar_for(SCALAR, 7.0)), np.arange(_HOSTS * _METRICS)
    alarms = 0
    for second, values in enumerate(metrics):
        at = np.full(_HOSTS, 1_700_000_000.0 + second)
        v = Values(rows, values.ravel(), record, hosts, at)
        alarms += int(tell(TUNING, agents, v, see(TUNING, series, v), promise).alarm.sum())
    assert alarms == 0
