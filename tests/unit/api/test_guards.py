"""Every route asks for a token, a tenant and a role."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from api.app import PREFIX, create_app
from api.middleware import MAX_BODY, OPENAPI
from config.settings import Settings
from streams.contracts.trust import Signer
from streams.kafka.connection import Connection


def _routes(home: Path) -> list[tuple[str, str]]:
    app = create_app(Settings(home=home), Connection("127.0.0.1:1"), Signer(b"x" * 32))
    return [
        (method.upper(), re.sub(r"{\w+}", "some-id", path))
        for path, methods in app.openapi()["paths"].items()
        for method in methods
        if path.startswith(PREFIX)
    ]


@pytest.fixture(scope="module")
def routes(tmp_path_factory):
    found = _routes(tmp_path_factory.mktemp("routes"))
    assert len(found) >= 20
    return found


def refused(answer: httpx.Response, status: int, name: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"/problems/{name}"


@pytest.mark.parametrize(
    ("authorization", "told"),
    [
        (None, "unauthorized"),
        ("Bearer wrong", "unauthorized"),
        ("Bearer", "unauthorized"),
        ("Basic YTpi", "unauthorized"),
        ("Bearer token of former", "token-expired"),
        ("Bearer \xff", "unauthorized"),
    ],
    ids=["none", "wrong", "empty", "another scheme", "expired", "not ascii"],
)
def test_no_route_answers_without_a_valid_token(api, routes, authorization, told):
    with httpx.Client(base_url=api.base) as client:
        for method, path in routes:
            headers = {"Authorization": authorization.encode("latin-1")} if authorization else {}
            answer = client.request(method, path, headers=headers, content=b"{not json")
            refused(answer, 401, told)
            assert answer.headers["www-authenticate"].startswith("Bearer")


def test_no_route_gives_a_tenants_token_another_tenant(api, routes):
    with api.client("stranger") as client:
        for method, path in routes:
            if path.startswith((f"{PREFIX}/system", f"{PREFIX}/policy")) and method == "GET":
                continue  # of the installation, and open to everybody with a token
            if path == OWN:
                continue
            answer = client.request(
                method, path, params={"tenant": "default"}, json=VALID.get(path)
            )
            refused(answer, 403, "wrong-tenant")


OWN = f"{PREFIX}/session"
"""Of whoever asks: open to every role, and it knows no other tenant."""
VALID = {
    f"{PREFIX}/policy": {"policy": {}, "reason": "r"},
    f"{PREFIX}/policy/shipped": {"take": ["*"], "reason": "r"},
    f"{PREFIX}/policy/what-if": {"policy": {}},
    f"{PREFIX}/telemetry": {"heartbeats": [{"agent_id": "a", "metrics": {}}]},
    f"{PREFIX}/agents/some-id/metrics": {"metrics": {}},
    f"{PREFIX}/agents/some-id/lifecycle": {"status": "maintenance", "reason": "r"},
    f"{PREFIX}/agents/some-id/relearn": {"metrics": [], "reason": "r"},
    f"{PREFIX}/findings/some-id/accept": {"reason": "r"},
    f"{PREFIX}/findings/some-id/acknowledge": {"reason": "r"},
    f"{PREFIX}/findings/some-id/unacknowledge": {"reason": "r"},
    f"{PREFIX}/findings/some-id/assign": {"to": "ann"},
    f"{PREFIX}/findings/some-id/comment": {"text": "t"},
    f"{PREFIX}/incidents/some-id/acknowledge": {"reason": "r"},
    f"{PREFIX}/incidents/some-id/unacknowledge": {"reason": "r"},
    f"{PREFIX}/incidents/some-id/assign": {"to": "ann"},
    f"{PREFIX}/incidents/some-id/comment": {"text": "t"},
    f"{PREFIX}/operations": {
        "operation": "release",
        "agents": ["web-0"],
        "expected": 1,
        "reason": "r",
    },
    f"{PREFIX}/operations/preview": {"operation": "release", "agents": ["web-0"]},
    f"{PREFIX}/actions": {"action": "service.restart", "target": "web-1"},
    f"{PREFIX}/actions/some-id/preview": None,
    f"{PREFIX}/actions/some-id/approve": {"reason": "r"},
    f"{PREFIX}/actions/some-id/reject": {"reason": "r"},
    f"{PREFIX}/silences": {
        "matchers": [{"name": "agent", "value": "a"}],
        "lasts_s": 60,
        "reason": "r",
    },
    f"{PREFIX}/silenced": {"matchers": []},
    f"{PREFIX}/silences/some-id/end": {"reason": "r"},
    f"{PREFIX}/dead-letters/some-id/discard": {"reason": "r"},
    f"{PREFIX}/dead-letters/some-id/redrive": None,
    f"{PREFIX}/tokens": {"name": "n", "role": "viewer"},
    f"{PREFIX}/tokens/some-id": None,
}


SECRET = [f"{PREFIX}/tokens", f"{PREFIX}/audit"]
"""What is read by administrators only."""
BELOW = {
    "/actions/some-id/approve": "operator",
    "/actions/some-id/reject": "operator",
    "/policy": "approver",
    "/policy/shipped": "approver",
    "/policy/what-if": "operator",
    "/audit": "approver",
    "/tokens": "approver",
    "/tokens/some-id": "approver",
}
"""The highest role that may not, where that is another than viewer."""


def test_no_write_is_open_to_a_lower_role(api, routes):
    writes = [(method, path) for method, path in routes if method != "GET" and path != OWN]
    assert {path for _, path in writes} == VALID.keys()
    for method, path in [*writes, *((("GET", path)) for path in SECRET)]:
        with api.client(BELOW.get(path.removeprefix(PREFIX), "viewer")) as client:
            refused(client.request(method, path, json=VALID.get(path)), 403, "role-too-low")


def test_a_bulk_cannot_smuggle_another_tenants_heartbeat(api):
    beats = [{"agent_id": "a", "metrics": {}, "tenant_id": "default"}]
    with api.client("stranger") as client:
        refused(client.post(f"{PREFIX}/telemetry", json={"heartbeats": beats}), 403, "wrong-tenant")


def test_tenants_do_not_see_each_other(api):
    with api.client("stranger") as stranger, api.client("viewer") as viewer:
        assert stranger.get(f"{PREFIX}/agents").json()["items"] == []
        assert stranger.get(f"{PREFIX}/events").json()["items"] == []
        refused(stranger.get(f"{PREFIX}/findings/finding-1"), 404, "not-found")
        assert viewer.get(f"{PREFIX}/findings/finding-1").status_code == 200


def test_the_first_token_may_name_any_tenant(api):
    with api.client() as client:
        answer = client.get(f"{PREFIX}/agents", params={"tenant": "elsewhere"})
        assert answer.json() == {"items": [], "next": None}


def test_a_foreign_host_name_is_refused(api):
    with api.client() as client:
        refused(
            client.get(f"{PREFIX}/agents", headers={"Host": "evil.example:80"}),
            421,
            "unknown-host",
        )
        for ours in ("LOCALHOST:1", "[::1]:80", "homeostat.example"):
            answer = client.get(f"{PREFIX}/agents", headers={"Host": ours})
            assert answer.status_code == 200


@pytest.mark.parametrize("announced", [True, False])
def test_a_large_body_is_refused_announced_or_not(api, announced):
    body = b" " * (MAX_BODY + 1)
    with api.client() as client:
        content = body if announced else iter([body[:MAX_BODY], body[MAX_BODY:]])
        refused(client.post(f"{PREFIX}/telemetry", content=content), 413, "body-too-large")


def test_answers_carry_security_headers_and_a_date(api):
    with api.client() as client:
        headers = client.get(f"{PREFIX}/agents").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["date"].endswith("GMT")
    assert "server" not in headers


def test_liveness_and_the_description_need_no_token(api):
    with httpx.Client(base_url=api.base) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        described = client.get(OPENAPI).json()
        assert client.get("/docs").status_code == 404
    assert described["paths"][f"{PREFIX}/agents"]["get"]["security"]
