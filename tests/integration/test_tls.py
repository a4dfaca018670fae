"""The API by HTTPS: served, believed for the right reason, and renewed without a restart."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from api.cli.address import asked_address, connected, own_address, trusted
from api.cli.client import AWAY, Client, CommandError
from api.server import run_api
from config.settings import Settings, SettingsError
from streams.kafka.connection import Connection
from tests.certificates import self_signed
from tests.databases import new_database
from tests.integration.log_of_facts import SIGNER
from tests.ports import free_port

FAR = "homeostat.example"


@asynccontextmanager
async def serving(home: Path, files: tuple[Path, Path]) -> AsyncIterator[Settings]:
    """Run an API without a broker; gives the settings that lead to it."""
    settings = Settings(
        home=home, api_port=0, api_hosts=[FAR], tls_certificate=files[0], tls_key=files[1]
    )
    new_database(settings.home / "homeostat.db").dispose()
    stop = asyncio.Event()
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    nobody = Connection(f"127.0.0.1:{free_port()}")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run_api(settings, nobody, SIGNER, stop, listening=port.set_result))
        try:
            yield settings.model_copy(update={"api_port": await port})
        finally:
            stop.set()


def status_of(settings: Settings) -> int:
    connection = connected(settings, own_address(settings), 10)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    finally:
        connection.close()


async def test_this_machine_knows_its_own_certificate_by_itself(tmp_path):
    async with serving(tmp_path, self_signed(tmp_path / "tls", FAR)) as settings:
        assert own_address(settings) == f"https://127.0.0.1:{settings.api_port}"
        assert await asyncio.to_thread(status_of, settings) == 200
        other = settings.model_copy(
            update={"tls_certificate": self_signed(tmp_path / "other", FAR)[0]}
        )
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.to_thread(status_of, other)


async def test_cookies_and_headers_say_that_it_is_tls(tmp_path):
    files = self_signed(tmp_path / "tls", FAR)
    async with serving(tmp_path, files) as settings:
        believed = trusted(settings, own_address(settings))
        bearer = {"Authorization": f"Bearer {settings.token()}"}
        async with httpx.AsyncClient(base_url=own_address(settings), verify=believed) as client:
            here = await client.post("/api/v1/session", headers=bearer)
            far = await client.get("/healthz", headers={"host": FAR})
    assert "secure" in here.headers["set-cookie"].lower()
    assert "strict-transport-security" not in here.headers  # it would hold for every port
    assert far.headers["strict-transport-security"] == "max-age=31536000"


async def test_a_command_believes_the_authority_that_it_is_told_of(tmp_path, monkeypatch):
    files = self_signed(tmp_path / "tls", "localhost")
    async with serving(tmp_path, files) as settings:
        monkeypatch.setenv("HOMEOSTAT_API", f"https://localhost:{settings.api_port}")
        monkeypatch.setenv("HOMEOSTAT_TOKEN", settings.token())
        monkeypatch.setenv("HOMEOSTAT_HOME", str(tmp_path))
        with pytest.raises(CommandError, match="CERTIFICATE_VERIFY_FAILED") as caught:
            await asyncio.to_thread(_name_of_caller)
        assert caught.value.status == AWAY
        monkeypatch.setenv("HOMEOSTAT_TLS_CA", str(files[0]))
        assert await asyncio.to_thread(_name_of_caller) == "admin"
        foreign = self_signed(tmp_path / "foreign", FAR)[0]
        monkeypatch.setenv("HOMEOSTAT_TLS_CA", str(foreign))
        with pytest.raises(CommandError, match="CERTIFICATE_VERIFY_FAILED"):
            await asyncio.to_thread(_name_of_caller)


def _name_of_caller() -> str:
    name: str = Client.from_environment().get("/session")["name"]
    return name


async def test_a_renewed_certificate_is_served_at_once_and_a_broken_one_never(tmp_path, caplog):
    files = self_signed(tmp_path / "tls", FAR)
    async with serving(tmp_path, files) as settings:
        before = files[0].read_text()
        self_signed(tmp_path / "tls", FAR)
        assert files[0].read_text() != before
        assert await asyncio.to_thread(status_of, settings) == 200  # pinned to the new one
        renewed = files[0].read_text()
        files[0].write_text("no certificate")
        kept = tmp_path / "kept.pem"
        kept.write_text(renewed)
        aside = settings.model_copy(update={"tls_certificate": kept})
        assert await asyncio.to_thread(status_of, aside) == 200
    assert "the certificate before it goes on" in caplog.text


async def test_nothing_before_tls_1_2_is_spoken(tmp_path):
    async with serving(tmp_path, self_signed(tmp_path / "tls", FAR)) as settings:
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection("127.0.0.1", settings.api_port, ssl=old)


def test_half_a_pair_and_a_wrong_pair_are_refused_by_name(tmp_path):
    one, other = self_signed(tmp_path / "one", FAR), self_signed(tmp_path / "other", FAR)
    with pytest.raises(SettingsError, match="HOMEOSTAT_TLS_KEY is not set"):
        _ = Settings(home=tmp_path, tls_certificate=one[0]).tls
    from api.certificate import Certificate

    with pytest.raises(SettingsError, match=r"HOMEOSTAT_TLS_CERTIFICATE=.*of one pair"):
        Certificate(one[0], other[1])
    with pytest.raises(SettingsError, match=r"HOMEOSTAT_TLS_CERTIFICATE=.*No such file"):
        Certificate(tmp_path / "none.pem", one[1])


def test_the_address_is_where_one_can_call(tmp_path, monkeypatch):
    monkeypatch.delenv("HOMEOSTAT_API", raising=False)
    everywhere = Settings(home=tmp_path, api_host="0.0.0.0", api_port=81)
    assert asked_address(everywhere) == "http://127.0.0.1:81"
    assert own_address(Settings(home=tmp_path, api_host="::1")) == "http://[::1]:8000"
