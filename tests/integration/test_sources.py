"""Sources as they are: a broker, a database, a cache, an exporter; and one that is away."""

from __future__ import annotations

import asyncio
import base64
import gzip
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from psycopg.conninfo import make_conninfo
from sqlalchemy import make_url

from config.sources import Sources
from processors.executors.sources import watches
from streams.contracts.topics import Kind, Topic
from streams.kafka.admin import ensure_topics
from streams.kafka.connection import Connection
from streams.kafka.embedded_broker import EmbeddedBroker
from streams.producers.prometheus.scrape import PrometheusSensor, Scraped
from streams.producers.sources.access import Access
from streams.producers.sources.http_get import get
from streams.producers.sources.kafka import KafkaSensor
from streams.producers.sources.ollama import OllamaSensor
from streams.producers.sources.postgresql import PostgresqlSensor
from streams.producers.sources.redis import RedisSensor
from streams.producers.sources.sensor import Sensor, SourceAway
from tests.certificates import self_signed
from tests.ports import free_port
from tests.prometheus import needs_prometheus, prometheus


@asynccontextmanager
async def closing(sensor: Sensor) -> AsyncIterator[Callable[[], object]]:
    async def read() -> dict[str, float]:
        (one,) = await sensor.read()
        assert one.agent == sensor.name
        return one.metrics

    try:
        yield read
    finally:
        await sensor.close()


@asynccontextmanager
async def serving(
    answers: Mapping[str, bytes], *headers: str, status: str = "200 OK"
) -> AsyncIterator[str]:
    """Serve fixed answers by path; gives the address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        body = answers.get(request.split(b" ", 2)[1].decode(), b"")
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
        writer.write("\r\n".join(lines).encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"


async def test_a_cluster_tells_of_its_consumers_and_partitions(broker: EmbeddedBroker):
    name, group = f"orders-{uuid4().hex[:8]}", f"shop-{uuid4().hex[:8]}"
    connection, place = Connection(broker.bootstrap), TopicPartition(name, 1)
    await ensure_topics(connection, 3, [Topic(name, Kind.FACTS)])
    async with (
        AIOKafkaProducer(bootstrap_servers=broker.bootstrap) as producer,
        AIOKafkaConsumer(bootstrap_servers=broker.bootstrap, group_id=group) as consumer,
        closing(KafkaSensor("kafka", lambda: connection, [group, "nobody*"])) as read,
    ):
        consumer.assign([place])
        for _ in range(10):
            await producer.send_and_wait(name, bytes(100), partition=1)
        await consumer.commit({place: 4})
        found = await read()
        assert found["consumer_lag"] == found[f"consumer_lag:{group}"] == 6
        assert found[f"consumer_lag:{group}:{name}"] == 6
        assert found[f"log_size_bytes:{name}"] > 1000
        assert (found["brokers"], found["under_replicated_partitions"]) == (1, 0)
        await producer.send_and_wait(name, b"", partition=0)
        await consumer.commit({place: 10})
        later = await read()
        assert later["consumer_lag"] == 0
        assert later[f"records_per_s:{name}"] > 0


async def test_a_cluster_that_does_not_answer_is_away():
    nobody = f"127.0.0.1:{free_port()}"
    async with closing(KafkaSensor("kafka", lambda: Connection(nobody), ["*"])) as read:
        for _ in range(2):
            with pytest.raises(SourceAway, match="brokers do not tell"):
                await read()


async def test_a_database_tells_what_it_does(postgres_url: str):
    dsn = postgres_url.replace("postgresql+psycopg", "postgresql")
    async with closing(PostgresqlSensor("db", dsn, None, 500)) as read:
        first = await read()
        assert first["connections"] == 0
        assert first["database_size_bytes"] > 1_000_000
        assert "transactions_per_s" not in first
        async with await psycopg.AsyncConnection.connect(dsn) as other:
            await other.execute("CREATE TABLE t AS SELECT generate_series(1, 1000) AS n")
            await other.commit()
            await other.execute("SELECT count(*) FROM t")
            inside = await read()
        assert (inside["connections"], inside["connections_idle_in_transaction"]) == (1, 1)
        assert inside["longest_transaction_s"] > 0
        assert inside["connection_usage"] > 0
        assert {"transactions_per_s", "deadlocks_per_s", "cache_hit_rate"} <= inside.keys()
        assert 0 <= inside["cache_hit_rate"] <= 1


async def test_who_may_not_see_what_others_do_says_so_and_guesses_nothing(postgres_url: str):
    dsn = postgres_url.replace("postgresql+psycopg", "postgresql")
    async with await psycopg.AsyncConnection.connect(dsn) as busy:
        await busy.execute("CREATE ROLE curious LOGIN")
        await busy.commit()
        await busy.execute("SELECT 1")  # and a transaction is open from here on
        sensor = PostgresqlSensor("db", make_conninfo(dsn, user="curious"), None, 500)
        try:
            (found,) = await sensor.read()
        finally:
            await sensor.close()
            await busy.rollback()
            await busy.execute("DROP ROLE curious")
    assert "GRANT pg_monitor TO curious" in found.labels["verdict"]
    assert found.metrics["connections"] >= 1
    assert not {"connections_active", "slow_queries", "replicas"} & found.metrics.keys()


async def test_a_database_that_refuses_says_why_without_the_password(postgres_url, tmp_path):
    secret = tmp_path / "password"
    secret.write_text("not told\n")
    there = make_url(postgres_url).set(drivername="postgresql", database="nowhere")
    dsn = there.render_as_string(hide_password=False)
    async with closing(PostgresqlSensor("db", dsn, secret, 500)) as read:
        with pytest.raises(SourceAway, match="nowhere") as refused:
            await read()
    assert "not told" not in str(refused.value)


@contextmanager
def redis(port: int, folder: Path, *settings: str) -> Iterator[None]:
    place = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    process = subprocess.Popen(["redis-server", *place, *settings], stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()


@pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis is not installed here")
async def test_a_cache_tells_how_often_it_is_hit(tmp_path: Path):
    port, secret = free_port(), tmp_path / "password"
    secret.write_text("hidden\n")
    settings = "--maxmemory", "64mb", "--requirepass", "hidden"
    address = f"127.0.0.1:{port}"
    with redis(port, tmp_path, *settings):
        async with (
            asyncio.timeout(120),
            closing(RedisSensor("cache", address, None, secret)) as read,
        ):
            first = await until(read)
            await say(port, "AUTH hidden", "SET a 1", "GET a", "GET a", "GET a", "GET b")
            later = await read()
            with pytest.raises(SourceAway, match=r"NOAUTH.*set its password_file"):
                await RedisSensor("cache", address, None, None).read()
            with pytest.raises(SourceAway, match=r"WRONGPASS.*look at its username"):
                await RedisSensor("cache", address, "nobody", secret).read()
            await say(port, "AUTH hidden", "ACL SETUSER reader on >hidden +get ~*")
            with pytest.raises(SourceAway, match=r"NOPERM.*\+info"):
                await RedisSensor("cache", address, "reader", secret).read()
    assert first["keys"] == 0
    assert (later["keys"], later["cache_hit_rate"]) == (1, 0.75)
    assert 0 < later["memory_usage"] < 100


async def until(read) -> dict[str, float]:
    while True:
        try:
            return await read()
        except OSError:
            await asyncio.sleep(0.01)  # it does not listen yet


async def say(port: int, *commands: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for command in commands:
        writer.write(f"{command}\r\n".encode())
        answer = await reader.readuntil(b"\r\n")
        if answer.startswith(b"$") and answer != b"$-1\r\n":
            await reader.readuntil(b"\r\n")
    writer.close()


MODEL = b'{"models":[{"name":"tiny:latest","size":1468160,"size_vram":700000,"details":{}}]}'
OLLAMA = {"/api/version": b'{"version":"0.12.11"}', "/api/tags": MODEL, "/api/ps": MODEL}


async def test_a_model_server_tells_what_it_holds():
    async with serving(OLLAMA) as url:
        (found,) = await OllamaSensor("models", f"{url}/").read()
    assert found.labels == {"version": "0.12.11"}
    assert found.metrics.pop("response_time_avg") > 0
    assert found.metrics == {
        "models": 1, "models_bytes": 1468160, "models_loaded": 1, "loaded_bytes": 1468160,
        "vram_bytes": 700000, "loaded_bytes:tiny:latest": 1468160, "vram_bytes:tiny:latest": 700000,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("answers", "status"),
    [({}, "200 OK"), (OLLAMA | {"/api/ps": b'{"models": 7}'}, "200 OK"), (OLLAMA, "404 Not Found")],
)
async def test_what_is_no_model_server_is_away(answers, status):
    async with serving(answers, status=status) as url:
        with pytest.raises(SourceAway):
            await OllamaSensor("models", url).read()


@needs_prometheus
async def test_a_real_exporter_is_scraped(tmp_path: Path):
    rate = "prometheus_http_requests_per_s:at-/metrics"
    wanted = ["prometheus_http_*", "prometheus_tsdb_head_series", "process_cpu_seconds_total"]
    with prometheus(tmp_path) as address:
        scraped = Scraped(wanted, {"handler": "at", "code": ""})
        sensor = PrometheusSensor("prom", f"http://{address}/metrics", scraped)
        async with closing(sensor) as read:
            first = later = await read()
            async with asyncio.timeout(120):
                while rate not in later:  # its own scrapes are counted from the first one on
                    later = await read()
    assert first["scrape_samples"] > 100
    assert first["prometheus_tsdb_head_series"] >= 0
    assert later["process_cpu_seconds_per_s"] >= 0
    assert later[rate] > 0
    assert later["prometheus_http_response_size_bytes_mean:at-/metrics"] > 1000
    assert {"prometheus_http_request_duration_seconds_p95:at-/metrics"} <= later.keys()


async def test_a_scrape_sends_its_token_and_unpacks_what_is_packed(tmp_path: Path):
    token = tmp_path / "token"
    token.write_text("t\n")
    packed = gzip.compress(b"# TYPE a gauge\na 1\nb 2\n# EOF\n")
    form = "Content-Type: application/openmetrics-text; version=1.0.0"
    async with serving({"/m?x=1": packed}, "Content-Encoding: gzip", form) as url:
        sensor = PrometheusSensor(
            "app", f"{url}/m?x=1", Scraped(["a"], {}), labels={"zone": "z"}, access=Access(token)
        )
        (found,) = await sensor.read()
    assert (found.metrics, found.labels) == ({"a": 1.0, "scrape_samples": 2.0}, {"zone": "z"})


@pytest.mark.parametrize(
    ("status", "headers", "told"),
    [
        ("401 Unauthorized", (), "401: it asks for credentials; set its token_file"),
        ("302 Found", ("Location: https://there/m",), "302: it is at https://there/m; set its url"),
        ("500 Oh", (), "it answers 500$"),
    ],
)
async def test_what_is_refused_says_what_to_do(status, headers, told):
    async with serving({"/metrics": b""}, *headers, status=status) as url:
        with pytest.raises(SourceAway, match=told):
            await PrometheusSensor("app", f"{url}/metrics", Scraped(["*"], {})).read()


async def test_a_name_and_a_password_are_sent_to_who_shows_the_certificate(tmp_path: Path):
    certificate, key = self_signed(tmp_path, "localhost")
    (tmp_path / "password").write_text("hid:den\n")
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na 1\n")
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as server:
        url = f"https://localhost:{server.sockets[0].getsockname()[1]}/"
        known = Access(None, "eve", tmp_path / "password", certificate)
        (found,) = await PrometheusSensor("app", url, Scraped(["a"], {}), access=known).read()
        with pytest.raises(SourceAway, match="self-signed certificate; set its ca_file"):
            await PrometheusSensor("app", url, Scraped(["a"], {})).read()
        with pytest.raises(OSError, match="password holds no certificates in PEM"):
            await get(url, {}, Access(ca_file=tmp_path / "password"))
    assert found.metrics["a"] == 1
    assert base64.b64encode(b"eve:hid:den") in asked[0]


PACKED = "Content-Encoding: gzip"
OPEN = "Content-Type: application/openmetrics-text"


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"<html>", ()),
        (b"\xff", ()),
        (b"a 1\n", (OPEN,)),
        (b"a 1", (PACKED,)),
        (gzip.compress(b"a 1")[:-4], (PACKED,)),
        (gzip.compress(bytes(17 << 20)), (PACKED,)),
    ],
    ids=["page", "bytes", "cut", "no gzip", "cut gzip", "bomb"],
)
async def test_what_exposes_no_metrics_is_away(body, headers):
    async with serving({"/metrics": body}, *headers) as url:
        with pytest.raises(SourceAway):
            await PrometheusSensor("app", f"{url}/metrics", Scraped(["*"], {})).read()


async def test_one_that_is_away_is_told_and_the_others_go_on(tmp_path: Path):
    told: dict[str, tuple[str, dict[str, float], dict[str, str]]] = {}
    three = asyncio.Event()

    def tell(agent, kind, metrics, labels) -> None:
        told[agent] = kind, dict(metrics), dict(labels)
        if len(told) == 4:
            three.set()

    nobody = f"127.0.0.1:{free_port()}"
    async with serving({"/metrics": b"a 1\n"}) as url:
        sources = Sources.model_validate(
            {
                "prometheus": [
                    {"name": "well", "url": f"{url}/metrics"},
                    {"name": "gone", "url": f"http://{nobody}/metrics"},
                ],
                "redis": [{"name": "cache", "address": nobody}],
                "postgresql": [{"name": "db", "dsn": f"postgresql://x@{nobody}/y"}],
                "own_kafka": False,
            }
        )
        watching = watches(sources, Connection(nobody), tell, "h")
        tasks = [asyncio.create_task(each) for each in watching]
        async with asyncio.timeout(120):
            await three.wait()
        for task in tasks:
            task.cancel()
        assert await asyncio.gather(*tasks, return_exceptions=True)
    assert told["well"][1]["up"] == told["well"][1]["a"] == 1
    assert (told["gone"][0], told["gone"][1]) == ("service", {"up": 0.0})
    for name, kind in (("cache", "cache"), ("db", "database")):
        assert (told[name][0], told[name][1]) == (kind, {"source_up": 0.0})
        assert told[name][2]["measured_from"] == "h"
        assert told[name][2]["verdict"]
