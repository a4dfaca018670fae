"""What is read: lists, pages, details, the chain; and what is wrong with a question."""

from __future__ import annotations

import pytest

from api.app import PREFIX


def get(api, path, **params):
    with api.client("viewer") as client:
        return client.get(f"{PREFIX}{path}", params=params)


def test_pages_hold_every_agent_once(api):
    seen, cursor = [], None
    while True:
        page = get(api, "/agents", limit=3, **({"cursor": cursor} if cursor else {})).json()
        seen += [agent["agent_id"] for agent in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [f"web-{i}" for i in range(7)]


def test_an_agent_shows_its_metrics_and_open_findings(api):
    agent = get(api, "/agents/web-0").json()
    assert agent["tenant_id"] == "default"
    assert agent["agent_type"] == "service"
    assert agent["metrics"] == {"cpu_usage": 10.0}
    assert agent["labels"] == {"host": "h1"}
    assert "finding-1" in [finding["finding_id"] for finding in agent["open_findings"]]
    assert agent["registered_at"] == "2026-09-21T14:13:20.000000Z"


def test_a_metrics_history(api):
    answer = get(
        api,
        "/agents/web-0/metrics",
        metric="cpu_usage",
        since="2026-09-21T14:00:00Z",
        until="2026-09-21T16:00:00+01:00",
    ).json()
    assert [(p["start"], p["mean"]) for p in answer["items"]] == [
        ("2026-09-21T14:13:20.000000Z", 40.0)
    ]


def test_a_chain_leads_from_the_finding_to_its_outcome_with_milliseconds(api):
    chain = get(api, "/findings/finding-1/chain").json()
    assert [(e["type"], e["after_ms"], e["total_ms"]) for e in chain["items"]] == [
        ("finding.raised", 0.0, 0.0),
        ("action.proposed", pytest.approx(100, abs=0.01), pytest.approx(100, abs=0.01)),
        ("action.granted", pytest.approx(100, abs=0.01), pytest.approx(200, abs=0.01)),
        ("action.finished", pytest.approx(300, abs=0.01), pytest.approx(500, abs=0.01)),
    ]
    assert chain["lasted_ms"] == pytest.approx(500, abs=0.01)


def test_an_action_shows_its_candidates_and_stages(api):
    action = get(api, "/actions/action-1").json()
    assert action["state"] == "finished"
    assert action["candidates"][0]["expected_value"] == 0.9
    assert list(action["stages"]) == ["proposed", "granted", "finished"]


def test_events_are_filtered_and_go_on_after_the_last(api):
    first = get(api, "/events", type="agent.registered", limit=4).json()
    rest = get(api, "/events", type="agent.registered", limit=4, cursor=first["next"]).json()
    assert [len(first["items"]), len(rest["items"]), rest["next"]] == [4, 3, None]
    assert {e["type"] for e in first["items"]} == {"agent.registered"}
    of_one = get(api, "/agents/web-3/events").json()["items"]
    assert [event["subject"] for event in of_one] == ["default/web-3"]


def test_events_are_read_back_from_the_newest(api):
    seen, cursor, asked = [], None, {"type": "agent.registered", "before": 2**53 - 1, "limit": 3}
    while True:
        page = get(api, "/events", **asked, **({"cursor": cursor} if cursor else {})).json()
        seen = [event["subject"] for event in page["items"]] + seen
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [f"default/web-{i}" for i in range(7)]


def test_the_shipped_policy_is_in_force_at_first(api):
    policy = get(api, "/policy").json()
    assert policy["version"] == 1
    assert policy["policy"]["limits"]["max_concurrent"] == 3


def test_health_names_the_part_that_is_away(api):
    health = get(api, "/system/health").json()
    assert health["status"] == "degraded"
    assert health["components"]["broker"]["status"] == "degraded"
    assert health["components"]["database"]["status"] == "ok"


@pytest.mark.parametrize(
    ("path", "params", "status", "field"),
    [
        ("/agents", {"limit": 0}, 422, "query.limit"),
        ("/agents", {"limit": 1001}, 422, "query.limit"),
        ("/agents", {"cursor": "nonsense"}, 422, "cursor"),
        ("/agents", {"status": "offlin"}, 422, "query.status"),
        ("/agents", {"health": "fine"}, 422, "query.health"),
        ("/agents", {"performance": "bad"}, 422, "query.performance"),
        ("/agents/web-0/metrics", {}, 422, "query.metric"),
        ("/agents/web-0/metrics", {"metric": "m", "since": "2026-01-01"}, 422, "query.since"),
        ("/findings", {"state": "sometimes"}, 422, "query.state"),
        ("/incidents", {"status": "sometimes"}, 422, "query.status"),
        ("/system/reached", {"position": "nowhere"}, 422, "position"),
        ("/system/reached", {"position": "decisions/0/1/0"}, 422, "position"),
        ("/agents/nobody", {}, 404, None),
        ("/actions/none", {}, 404, None),
        ("/incidents/none", {}, 404, None),
        ("/no/such/route", {}, 404, None),
    ],
)
def test_a_wrong_question_is_answered_with_field_and_remedy(api, path, params, status, field):
    answer = get(api, path, **params)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["instance"] == f"{PREFIX}{path}"
    assert [e["field"] for e in problem.get("errors", [])] == ([field] if field else [])


def test_a_method_that_is_not_allowed_is_a_problem_too(api):
    with api.client() as client:
        answer = client.delete(f"{PREFIX}/agents")
    assert answer.status_code == 405
    assert answer.json()["type"] == "/problems/method-not-allowed"


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/agents/web-0/metrics", {"metrics": {"up": 1}}, "metrics"),
        ("/agents/web-0/metrics", {"metrics": {"bad name": 1}}, "metrics"),
        ("/agents/web-0/metrics", {"metrics": {"m": "x"}}, "body.metrics.m"),
        ("/agents/web-0/metrics", {"metrics": {}, "status": "dead"}, "status"),
        ("/agents/web-0/metrics", {"metrics": {}, "at": "soon"}, "at"),
        ("/agents/web-0/metrics", {"metrics": {}, "colour": 1}, "body.colour"),
        ("/agents/a b/metrics", {"metrics": {}}, "agent_id"),
        ("/actions", {"action": "restart", "target": "web-0"}, "body.action"),
        ("/actions", {"action": "a.b", "target": "x/y"}, "target"),
        ("/telemetry", {"heartbeats": []}, "body.heartbeats"),
    ],
)
def test_a_wrong_body_names_field_and_remedy(api, path, body, field):
    with api.client("operator") as client:
        answer = client.post(f"{PREFIX}{path}", json=body)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert error["remedy"]


def counting(event, kind):
    rule = {"name": "x", "event": event, "kinds": [kind], "window_s": 60}
    return {"surveillance": {"threats": [rule]}}


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ({"limits": {"max_concurent": 2}}, "`max_concurent` - at `$.limits`; perhaps max_concurre"),
        (counting("status_changed", "asleep"), "'asleep', which is no status; use some of active"),
        (counting("finding", "leek"), "'leek', which is no kind of finding; use some of agent_off"),
    ],
)
def test_a_policy_that_cannot_be_used_is_refused(api, policy, told):
    with api.client() as client:
        answer = client.put(f"{PREFIX}/policy", json={"policy": policy, "reason": "typing"})
    assert answer.status_code == 422
    assert told in answer.json()["detail"]
    assert answer.json()["detail"].count("policy: ") == 1


def test_a_finished_action_cannot_be_approved(api):
    with api.client("approver") as client:
        answer = client.post(f"{PREFIX}/actions/action-1/approve", json={"reason": "late"})
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/not-awaiting"


def test_a_finding_that_follows_from_a_rule_is_not_accepted(api):
    with api.client("operator") as client:
        answer = client.post(f"{PREFIX}/findings/finding-1/accept", json={"reason": "usual"})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/not-acceptable")
    assert "service_down" in answer.json()["detail"]


def test_without_a_broker_a_write_says_so(api):
    with api.client("operator") as client:
        answer = client.post(f"{PREFIX}/agents/web-0/metrics", json={"metrics": {"m": 1}})
    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/log-away"
    assert answer.headers["retry-after"] == "1"
