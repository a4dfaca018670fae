"""Recorded histories of decision and governor, folded under another policy."""

from __future__ import annotations

from contextlib import closing

import pytest
from msgspec.structs import replace

from config.policy import Policy, default_policy
from processors.decision.step import decision
from processors.governor.step import governor
from processors.step import Context
from projections.what_if.differences import Differences
from projections.what_if.lane import Lane
from projections.what_if.report import WhatIf, report, totals
from projections.what_if.spool import Spool
from projections.what_if.twin import Twin
from projections.what_if.weave import Weave
from streams.kafka.log_reader import Place
from tests.histories.decision.histories import HISTORIES
from tests.properties.loop import SIGNER, Loop

POLICY = default_policy()


def restarting(mode: str) -> Policy:
    restart = replace(POLICY.actions["service.restart"], mode=mode)
    return replace(POLICY, actions=POLICY.actions | {"service.restart": restart})


def answer(loop: Loop, candidate: Policy, since: float = float("-inf")) -> WhatIf:
    """Fold what lies in a loop's log again."""
    steps = {step.inbox.name: step for step in (decision(), governor())}
    places = sorted(Place(*where) for where in loop.logs if where[0] in steps)
    with closing(Spool(SIGNER)) as spool:
        for place in places:
            spool.keep(loop.logs[place])
        partitions = {name: sum(p.topic == name for p in places) for name in steps}
        lanes = [
            Lane(spool, p, 0, Twin(steps[p.topic], Context(*p, partitions[p.topic], SIGNER)))
            for p in places
        ]
        differences = Differences(spool.tell)
        weave = Weave(spool, SIGNER, lanes, candidate, since, differences)
        folded: list[int] = []
        while weave.run(100, folded.append):
            pass
        differences.finish()
        assert sum(folded) == sum(len(loop.logs[place]) for place in places)
        return report(
            spool,
            weave.diverged,
            None,
            since=None,
            until=None,
            policy_hash="",
            records=sum(folded),
            seconds=0.0,
            notes=[],
        )


@pytest.mark.parametrize("name", ["crash_loop", "recovery_in_order"])
def test_the_recorded_policy_decides_what_was_decided(name: str) -> None:
    found = answer(HISTORIES[name](), POLICY)
    assert found.equal
    assert (found.diverged, found.examples, found.outcomes_beyond) == ([], [], 0)
    assert totals(found.rows)["granted"].same > 0


def test_what_waits_for_a_person_is_not_granted_and_certainty_ends_there() -> None:
    loop = HISTORIES["crash_loop"]()
    found = answer(loop, restarting("approve"))
    rows = totals(found.rows)
    # Who is asked about a restart is not asked about its stronger form beside it.
    assert rows["held for approval"].added == 1
    granted = rows["granted"]
    assert granted.same == granted.added == 0
    assert granted.gone + granted.beyond == len(loop.commands())
    assert min(granted.gone, granted.beyond) > 0
    assert [each.agent for each in found.diverged] == ["default/web"]
    assert found.outcomes_beyond == len(loop.commands())
    gone = next(e for e in found.examples if e.what == "proposed")
    assert (gone.verdict, gone.agent) == ("otherwise", "default/web")
    assert gone.before is not None
    assert gone.before["mode"] == "auto"
    assert gone.before["score"] > 0


def test_what_is_only_observed_is_withheld() -> None:
    loop = HISTORIES["recovery_in_order"]()
    rows = totals(answer(loop, restarting("observe")).rows)
    assert rows["proposed"].gone == len(loop.events("action.proposed")) > 0
    assert rows["withheld"].added >= 3
    assert rows["proposed"].added == 0


def test_what_was_decided_before_the_span_stays() -> None:
    loop = HISTORIES["crash_loop"]()
    grants = loop.events("action.granted")
    third = loop.logs["actions.commands", 0][2].timestamp
    found = answer(loop, restarting("observe"), since=third)
    rows = totals(found.rows)
    assert rows["granted"].same + rows["granted"].gone + rows["granted"].beyond == len(grants) - 2
    assert found.outcomes_beyond == len(grants) - 2


def test_actions_of_the_candidate_alone_hold_no_slot_and_teach_nothing() -> None:
    loop = Loop(replace(restarting("observe"), version=2))
    for n in range(5):
        loop.down(f"web{n}", f"down-{n}")
    loop.pump()
    loop.tick(20)
    assert loop.commands() == []
    found = answer(loop, replace(POLICY, limits=replace(POLICY.limits, max_concurrent=1)))
    rows = totals(found.rows)
    assert (rows["proposed"].added, rows["granted"].added) == (5, 5)
    assert found.diverged_agents == 5
