"""Windows against what they are defined to be; and neither cuts nor restarts change a threat."""

from __future__ import annotations

import math
import random

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.policy import SurveillancePolicy, default_policy, policy_hash
from config.threats import ThreatRule
from processors.security.rules import Rules
from processors.security.score import FULL, Issue, Standing
from processors.security.state import Security
from processors.security.watch import Watches
from processors.step import Context, Sealer
from processors.surveillance.step import Surveillance
from streams.contracts.envelope import Event, encode_event
from streams.contracts.events.system import PolicyChanged
from streams.contracts.record import Outgoing, Record
from streams.contracts.telemetry import encode_tick
from streams.contracts.trust import RecordKind, Signer

SIGNER = Signer(b"a secret for tests only")
WINDOW = 100.0
STEPS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(-50, 50)), min_size=1, max_size=60
)  # fmt: skip


def looked_up(aggregate: str, seen: list[tuple[float, float]]) -> float:
    """Return what a window amounts to, from the values themselves: its last ten parts."""
    part = math.floor(seen[-1][0] / (WINDOW / 10)) - 10
    inside = [(at, v) for at, v in seen if math.floor(at / (WINDOW / 10)) > part]
    if aggregate == "mean":
        return sum(v for _, v in inside) / len(inside)
    if aggregate == "sum":
        return float(sum(v for _, v in inside))
    first = len(seen) - len(inside)
    grown = 0.0
    for (_, before), (_, now) in zip(
        seen[max(first - 1, 0) :], seen[max(first, 1) :], strict=False
    ):
        grown += now - before if now >= before else now
    return grown if aggregate == "increase" else grown / WINDOW


@settings(deadline=None)
@given(aggregate=st.sampled_from(["sum", "mean", "increase", "rate"]), steps=STEPS,
       limit=st.integers(-60, 60))  # fmt: skip
def test_a_window_is_what_it_is_defined_to_be(aggregate, steps, limit):
    rule = ThreatRule(
        name="r", metric="q", aggregate=aggregate, above=float(limit), window_s=WINDOW, clear_s=0.0
    )
    rules, watches = Rules([rule]), Watches()
    heads = np.full(1, -1, dtype=np.int32)
    watches.begin(rules, heads, 0, 0, (0,))
    now, seen, is_open = 1e9, [], False
    for wait, value in steps:
        now += wait
        seen.append((now, float(abs(value) if aggregate in ("increase", "rate") else value)))
        watches.observe(
            rules, heads, np.array([0]), np.array([seen[-1][1]]), np.array([seen[-1][0]])
        )
        amount = looked_up(aggregate, seen)
        if abs(amount - limit) > 1e-6:  # at the limit itself, rounding decides
            is_open = amount > limit
            assert bool(watches.rows.open[0]) is is_open
        else:
            is_open = bool(watches.rows.open[0])


@settings(deadline=None, max_examples=40)
@given(
    points=st.lists(st.floats(0, 100), min_size=1, max_size=12),
    rate=st.floats(0, 1000),
    waits=st.lists(st.floats(0, 1e6), min_size=12, max_size=12),
)
def test_a_score_stays_within_its_bounds_and_only_time_raises_it(points, rate, waits):
    policy = msgspec.structs.replace(default_policy().surveillance.security, recovery_per_hour=rate)
    standing, at = Standing(), 1e9
    for n, (lost, wait) in enumerate(zip(points, waits, strict=False)):
        before = standing.score
        standing.lose(policy, Issue(str(n), "r", "q", "SECURITY", "high", lost, "", at), at)
        assert standing.score <= before
        frozen = standing.score
        at += wait
        assert standing.now(policy, at) == frozen  # while it is open
        standing.end(policy, str(n), at)
        assert frozen <= standing.now(policy, at + wait) <= FULL
        standing.tell(policy, at)
    assert 0.0 <= standing.score <= FULL


def records(seed: int, length: int = 150) -> list[Record]:
    """Return a log in which few agents break many rules, under a policy that changes once."""
    drawn, at, log = random.Random(seed), 1e9, []
    for offset in range(length):
        at += drawn.choice([0.0, 1.0, 5.0, 30.0])
        turn = drawn.random()
        if offset in (0, length // 2):
            log.append(signed(offset, at, the_policy(offset), RecordKind.EVENT))
        elif turn < 0.2:
            log.append(signed(offset, at, encode_tick(at), RecordKind.TICK))
        else:
            beat = {
                "agent_id": f"a{drawn.randrange(4)}",
                "metrics": {"q": drawn.choice([1, 9]), "sent": drawn.randrange(9) * 100},
                "status": drawn.choice(["idle", "busy"]),
            }
            key = f"default/{beat['agent_id']}".encode()
            if turn > 0.95:
                beat["metrics"] = {"up": 1}
            log.append(Record("telemetry", 0, offset, at, key, msgspec.json.encode(beat)))
    return log


def signed(offset: int, at: float, value: bytes, kind: RecordKind) -> Record:
    headers = SIGNER.sign(Outgoing("telemetry", None, value), kind).headers
    return Record("telemetry", 0, offset, at, None, value, headers)


def the_policy(offset: int) -> bytes:
    rules = [
        ThreatRule(name="value", metric="q", above=5.0, window_s=20.0, clear_s=10.0, points=45.0),
        ThreatRule(name="sum", metric="s*", aggregate="increase", above=900.0, window_s=300.0),
        ThreatRule(name="odd", metric="q", aggregate="deviation", above=0.9, window_s=3600.0),
        ThreatRule(name="moves", event="status_changed", count=4, window_s=60.0, clear_s=5.0),
        ThreatRule(name="letters", event="dead_letter", count=2, window_s=600.0),
    ]
    policy = default_policy()
    watch = msgspec.structs.replace(policy.surveillance, threats=rules[1:] if offset else rules)
    policy = msgspec.structs.replace(policy, version=2 + offset, surveillance=watch)
    data = PolicyChanged(policy.version, policy_hash(policy), msgspec.to_builtins(policy), "me")
    return encode_event(
        Event(id=f"policy-{offset}", source="/tests", type="policy.changed",
              subject="default/policy", time="", tenant="default",
              data=msgspec.to_builtins(data), dataschema="/schemas/policy.changed/2")
    )  # fmt: skip


def folded(log: list[Record], cuts: list[int], *, restart: bool = False):
    step, context = Surveillance(), Context("telemetry", 0, 1, SIGNER)
    state, sealed, first = step.initial(context), [], 0
    for end in [*cuts, len(log)]:
        sealed += Sealer(step.name, context).seal(step.apply(state, log[first:end]))
        first = end
        if restart:
            state = step.load(context, step.dump(state))
    return sealed, step.dump(state)


@settings(deadline=None, max_examples=8)
@given(seed=st.integers(0, 1 << 30), data=st.data())
def test_neither_cuts_nor_restarts_change_a_threat(seed, data):
    log = records(seed)
    whole = folded(log, [])
    assert folded(log, list(range(1, len(log))), restart=True) == whole
    cuts = sorted(data.draw(st.sets(st.integers(1, len(log) - 1), max_size=20)))
    assert folded(log, cuts, restart=True) == whole


def test_the_log_of_these_tests_breaks_every_rule():
    told = set()
    for seed in range(6):
        for record in folded(records(seed), [])[0]:
            event = msgspec.json.decode(record.value)
            if event["type"] == "agent.security_changed":
                told |= {issue["rule"] for issue in event["data"]["issues"]}
            told |= {event["data"].get("status")} & {"quarantined"}
    assert told == {"value", "sum", "odd", "moves", "letters", "quarantined"}


@pytest.mark.parametrize("rounds", [1, 3])
def test_rows_of_watches_are_taken_again(rounds):
    security = Security(SurveillancePolicy(threats=default_policy().surveillance.threats))
    heads = np.full(4, -1, dtype=np.int32)
    for _ in range(rounds):
        for series in range(4):
            security.watches.begin(security.rules, heads, series, 0, (0, 4))
        for series in range(4):
            security.watches.end(heads, series)
    assert security.watches.rows.size == 8
    assert security.watches.panes.rows.size == 4
    assert (heads == -1).all()
