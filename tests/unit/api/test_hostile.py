"""Whatever is asked, of any route: an answer or a problem that names it, never a defect."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import httpx
import pytest

from api.app import PREFIX, create_app
from config.settings import Settings
from streams.contracts.trust import Signer
from streams.kafka.connection import Connection

HUGE = "9" * 400
TEXTS = (
    "", "0", "-1", HUGE, f"-{HUGE}", "1e999", "nan", "NaN", "Infinity", "null", "true", "[]", "{}",
    "\x00", "\U0001f600", "%", "_", "'", "\"; drop table agents", "../../etc/passwd", "a" * 3000,
    "0000-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "2026-01-01T00:00:00+99:99", "9e15",
)  # fmt: skip
KEYS = ([None], [HUGE], [[]], [{}], [1e308, "x"], ["x", 1], [None, None], [10**30, 1], [1] * 9)
CURSORS = [base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=") for key in KEYS]
BODIES = (
    b"", b"{", b"null", b"[]", b"7", b'"text"', b"{}", b"\xff\xfe", b"[" * 20_000,
    b'{"metrics": ' + b'{"a": ' * 20_000, b'{"metrics": {"q": NaN}}', b'{"metrics": {"q": 1e999}}',
    b'{"metrics": {"q": ' + HUGE.encode() + b"}}", b'{"metrics": {"q": 1}, "at": {}}',
    b'{"heartbeats": [{}]}', b'{"heartbeats": {"agent_id": "a"}}', b'{"heartbeats": []}',
    b'{"heartbeats": [{"agent_id": "a/b", "metrics": {}}]}', b'{"status": 7, "reason": []}',
    b'{"status": "paradise", "reason": ""}', b'{"action": {}, "target": "a"}',
    b'{"action": "service.restart", "target": "a/b", "parameters": 7}', b'{"policy": []}',
    b'{"policy": {"limits": {"max_concurrent": "many"}}, "reason": "r", "replaces": -1}',
    b'{"reason": "\\ud800"}', b'{"\\ud800": 1}',
    b'{"action": "service.restart", "target": "a", "parameters": {"x": "\\ud800"}}',
    b'{"unknown": 1}',
)  # fmt: skip


def _operations(home: Path) -> list[tuple[str, str, list[str]]]:
    app = create_app(Settings(home=home), Connection("127.0.0.1:1"), Signer(b"x" * 32))
    return [
        (
            method.upper(),
            path,
            [p["name"] for p in told.get("parameters", []) if p["in"] == "query"],
        )
        for path, methods in app.openapi()["paths"].items()
        for method, told in methods.items()
        if path.startswith(PREFIX) and path != f"{PREFIX}/stream"
    ]


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, list[str]]]:
    found = _operations(tmp_path_factory.mktemp("operations"))
    assert len(found) >= 20
    return found


def named(path: str, name: str) -> str:
    return re.sub(r"{\w+}", name, path)


def is_told(answer: httpx.Response, asked: object) -> None:
    """Hold an answer to be one, or a problem with its instance; a defect is neither."""
    where = (str(answer.request.url)[:200], asked, answer.text[:300])
    if answer.status_code < 400:
        return
    assert answer.status_code in (400, 401, 403, 404, 405, 409, 413, 422, 503), where
    assert answer.headers["content-type"] == "application/problem+json", where
    problem = answer.json()
    assert problem["status"] == answer.status_code, where
    assert (problem["detail"], problem["instance"]) > ("", ""), where


@pytest.mark.parametrize("text", [*TEXTS, *CURSORS])
def test_a_hostile_parameter_is_answered_or_refused(api, operations, text):
    with api.client() as client:
        for method, path, names in operations:
            for name in names if method == "GET" else ():
                if name == "wait_s":
                    continue  # a long wait is a right
                is_told(client.get(named(path, "web-0"), params={name: text}), (name, text))


@pytest.mark.parametrize("name", ["%00", "%2F", "..%2f..", "%F0%9F%98%80", "a" * 3000, "'", "%25"])
def test_a_hostile_name_in_the_path_is_answered_or_refused(api, operations, name):
    with api.client() as client:
        for method, path, _ in operations:
            if method == "GET" and "{" in path:
                is_told(client.get(named(path, name)), name)


@pytest.mark.parametrize("body", BODIES)
def test_a_hostile_body_is_refused(api, operations, body):
    with api.client() as client:
        for method, path, _ in operations:
            if method == "GET" or path == f"{PREFIX}/session":
                continue
            answer = client.request(
                method,
                named(path, "web-0"),
                content=body,
                headers={"content-type": "application/json"},
            )
            is_told(answer, body[:80])
            # A preview without matchers is a question: it has an answer, and changes nothing.
            asked = path == f"{PREFIX}/silenced" and body in ("{}", b"{}")
            assert asked or answer.status_code >= 400, (path, body[:80])


def test_what_another_tenant_has_looks_like_what_nobody_has(api):
    """Existence is not told: the same answer for an id of another tenant and for none at all."""
    ids = {"agents": "web-0", "findings": "finding-1", "actions": "action-1"}
    with api.client("stranger") as stranger, api.client("viewer") as owner:
        for noun, name in ids.items():
            assert owner.get(f"{PREFIX}/{noun}/{name}").status_code == 200
            foreign = stranger.get(f"{PREFIX}/{noun}/{name}")
            nobody = stranger.get(f"{PREFIX}/{noun}/no-such-id")
            assert (foreign.status_code, nobody.status_code) == (404, 404)
            assert foreign.text.replace(name, "no-such-id") == nobody.text
            answers = [stranger.post(f"{PREFIX}/actions/{i}/approve", json={"reason": "r"})
                       for i in ("action-1", "no-such-id")]  # fmt: skip
            assert [answer.status_code for answer in answers] == [404, 404]
