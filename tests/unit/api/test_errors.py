"""A defect of the server's is a problem like any other, and tells nothing of its inside."""

from __future__ import annotations

import httpx

from api.app import create_app
from api.safety import SAFETY
from config.settings import Settings
from streams.contracts.trust import Signer
from streams.kafka.connection import Connection


async def test_a_defect_does_not_leak(tmp_path):
    app = create_app(Settings(home=tmp_path), Connection("127.0.0.1:1"), Signer(b"x" * 32))

    def broken() -> None:
        raise ZeroDivisionError("a secret of the inside")

    app.add_api_route("/broken", broken)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.get("/broken")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/internal-error"
    assert answer.json()["instance"] == "/broken"
    assert answer.headers.items() >= SAFETY.items()
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
