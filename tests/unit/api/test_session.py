"""A browser's session: a cookie for a token, and nothing that a foreign page could use."""

from __future__ import annotations

import hashlib

import httpx
import pytest
import yaml

from api.identity.session import COOKIE, LASTS_S, Sessions
from api.identity.tokens import Tokens
from tests.unit.api.conftest import RunningApi

SECRET = b"a secret for tests only"
NOW = 1_800_000_000.0


def sessions(tmp_path, at: float = NOW) -> Sessions:
    return Sessions(Tokens("first", tmp_path / "tokens.yaml"), SECRET, clock=lambda: at)


def browser(api: RunningApi) -> tuple[httpx.Client, str]:
    """Return a client that holds a session as a browser does, and its CSRF token."""
    with api.client() as signing_in:
        answer = signing_in.post("/api/v1/session")
    assert answer.status_code == 200
    cookie = httpx.Cookies({COOKIE: answer.cookies[COOKIE]})
    return httpx.Client(base_url=api.base, cookies=cookie, timeout=20), answer.json()["csrf"]


def test_a_session_stands_for_its_token_until_it_expires(tmp_path) -> None:
    cookie = sessions(tmp_path).begin("first")
    found = sessions(tmp_path, NOW + LASTS_S).identify(cookie)
    assert found is not None
    assert found.name == "admin"
    assert sessions(tmp_path, NOW + LASTS_S + 1).identify(cookie) is None
    assert sessions(tmp_path, NOW - 1).identify(cookie) is None


def test_the_token_is_not_in_the_cookie(tmp_path) -> None:
    assert "first" not in sessions(tmp_path).begin("first")


def test_a_session_ends_with_its_token(tmp_path) -> None:
    entry = {"name": "x", "sha256": hashlib.sha256(b"t").hexdigest(), "tenant": "a"}
    (tmp_path / "tokens.yaml").write_text(yaml.safe_dump([entry | {"role": "viewer"}]))
    cookie = sessions(tmp_path).begin("t")
    assert sessions(tmp_path).identify(cookie) is not None
    (tmp_path / "tokens.yaml").unlink()
    assert sessions(tmp_path).identify(cookie) is None


@pytest.mark.parametrize("forged", ["", "x", "é", "YWJj", "Lg==", "Li4=", "AAAA" * 5000])
def test_a_forged_cookie_is_nobody(tmp_path, forged: str) -> None:
    assert sessions(tmp_path).identify(forged) is None


def test_a_cookie_of_another_installation_is_nobody(tmp_path) -> None:
    other = Sessions(Tokens("first", tmp_path / "tokens.yaml"), b"another secret, longer")
    assert sessions(tmp_path).identify(other.begin("first")) is None


def test_the_cookie_is_out_of_reach_of_scripts_and_foreign_pages(api: RunningApi) -> None:
    with api.client() as client:
        header = client.post("/api/v1/session").headers["set-cookie"].lower()
    assert "httponly" in header
    assert "samesite=strict" in header
    assert "path=/" in header


def test_a_session_reads_without_and_writes_only_with_its_csrf_token(api: RunningApi) -> None:
    client, csrf = browser(api)
    with client:
        assert client.get("/api/v1/agents").status_code == 200
        assert client.get("/api/v1/session").json()["csrf"] == csrf
        for headers in ({}, {"x-csrf-token": "0" * 32}, {"x-csrf-token": "é".encode()}):
            refused = client.delete("/api/v1/session", headers=headers)
            assert refused.status_code == 403
            assert refused.json()["type"].endswith("csrf")
        ended = client.delete("/api/v1/session", headers={"x-csrf-token": csrf})
        assert ended.status_code == 204


def test_a_session_cannot_beget_another(api: RunningApi) -> None:
    client, csrf = browser(api)
    with client:
        refused = client.post("/api/v1/session", headers={"x-csrf-token": csrf})
        assert refused.status_code == 422


def test_a_wrong_token_begins_nothing(api: RunningApi) -> None:
    refused = httpx.post(f"{api.base}/api/v1/session", headers={"Authorization": "Bearer no"})
    assert refused.status_code == 401
    assert "set-cookie" not in refused.headers
