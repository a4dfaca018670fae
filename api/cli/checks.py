"""What could be wrong on this machine, and the remedy of each."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import platform
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import psutil

from api.cli.client import Client, CommandError
from api.cli.policy_news import HINT
from api.cli.policy_shipped import news
from config.settings import Settings, SettingsError, settings_from_environment
from streams.contracts.topics import every_topic
from streams.kafka.connection import Connection
from streams.kafka.errors import BrokerAway, TopicError
from streams.kafka.log_reader import LogReader
from streams.kafka.ports import holder_of, is_free

_DISK_GB: Final = 1.0
_MEMORY_GB: Final = 0.5
_CLOCK_S: Final = 5.0
_NEWEST: Final = 2**53 - 1
"""Below it lies every event's number."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: ``ok``, ``warn`` or ``fail``."""

    name: str
    state: str
    detail: str
    remedy: str = ""


def examine() -> Iterator[Check]:
    """Give every check; none depends on the one before but for settings."""
    yield _versions()
    try:
        settings = settings_from_environment()
        settings.configuration()
    except SettingsError as error:
        yield Check("settings", "fail", str(error), "mend what is named; README.md has the list")
        return
    yield Check("settings", "ok", str(settings.config or "defaults"))
    yield _home(settings)
    yield _disk(settings)
    yield _memory()
    running = _api_runs()
    for check in (_ports, _broker, _database):
        yield check(settings, running)
    yield _clock(running)
    yield _policy(running)


def _versions() -> Check:
    names = ("homeostat", "faust-streaming", "aiokafka", "sqlalchemy", "fastapi")
    found = [f"{name} {version(name)}" for name in names if _installed(name)]
    return Check("versions", "ok", f"Python {platform.python_version()}, {', '.join(found)}")


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def _home(settings: Settings) -> Check:
    folder = _nearest(settings)
    if not folder.is_dir():
        found, remedy = f"{folder} is no folder", "set HOMEOSTAT_HOME to one"
        return Check("home", "fail", found, remedy)
    if not os.access(folder, os.W_OK | os.X_OK):
        found = f"{folder} cannot be written to by this account"
        return Check("home", "fail", found, "give it to this account, or set HOMEOSTAT_HOME")
    return Check("home", "ok", str(settings.home))


def _nearest(settings: Settings) -> Path:
    """Return the home, or what is there of the way to it."""
    place = settings.home.resolve()
    return next(each for each in (place, *place.parents) if each.exists())


def _disk(settings: Settings) -> Check:
    folder = _nearest(settings)
    free = shutil.disk_usage(folder).free / 1e9
    found = f"{free:.1f} GB free in {folder}"
    if free < _DISK_GB:
        return Check("disk", "fail", found, "make room, or set HOMEOSTAT_HOME to another disk")
    return Check("disk", "ok", found)


def _memory() -> Check:
    free = psutil.virtual_memory().available / 1e9
    if free < _MEMORY_GB:
        return Check("memory", "warn", f"{free:.1f} GB available", "it takes about 0.5 GB")
    return Check("memory", "ok", f"{free:.1f} GB available")


def _api_runs() -> Client | None:
    try:
        client = Client.from_environment()
        client.get("/system/health")
    except CommandError:
        return None
    return client


def _ports(settings: Settings, running: Client | None) -> Check:
    wanted = {"HOMEOSTAT_API_PORT": settings.api_port}
    if settings.kafka is None:
        wanted["HOMEOSTAT_KAFKA_PORT"] = settings.kafka_port
    if running is not None:
        return Check("ports", "ok", "an installation runs on them")
    taken = [(name, port) for name, port in wanted.items() if not is_free(port)]
    if not taken:
        return Check("ports", "ok", f"{', '.join(str(p) for p in wanted.values())} are free")
    name, port = taken[0]
    return Check("ports", "fail", f"{port} is taken by {holder_of(port)}", f"end it, or set {name}")


def _broker(settings: Settings, running: Client | None) -> Check:
    if settings.kafka is None and running is None:
        return Check("broker", "ok", "embedded; `homeostat up` starts it")
    try:
        count = asyncio.run(_topics(settings))
    except BrokerAway as error:
        remedy = "look at HOMEOSTAT_KAFKA and its credentials" if settings.kafka else "see up's log"
        return Check("broker", "fail", str(error), remedy)
    except TopicError as error:
        return Check("broker", "warn", str(error), "`homeostat up` makes the topics")
    return Check("broker", "ok", f"{settings.bootstrap} with {count} partitions of ours")


async def _topics(settings: Settings) -> int:
    async with LogReader(Connection.from_settings(settings)) as reader:
        return len(await reader.places([topic.name for topic in every_topic()]))


def _database(settings: Settings, _running: Client | None) -> Check:
    from sqlalchemy import make_url, text
    from sqlalchemy.exc import DBAPIError

    from projections.database import REFILL, is_damaged, open_database

    shown = make_url(settings.database).render_as_string(hide_password=True)
    if settings.database_url is None and not (settings.home / "homeostat.db").exists():
        return Check("database", "ok", "embedded; `homeostat up` makes it")
    engine = open_database(settings.database, read_only=True)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except DBAPIError as error:
        remedy = REFILL if is_damaged(error) else "look at HOMEOSTAT_DATABASE_URL"
        return Check("database", "fail", f"{shown}: {error.orig}", remedy)
    finally:
        engine.dispose()
    return Check("database", "ok", shown)


def _clock(running: Client | None) -> Check:
    if running is None:
        return Check("clock", "ok", "compared with the log where an installation runs")
    at = running.get("/system/health")["components"].get("ticker", {}).get("last_seen")
    if at is None:
        return Check("clock", "warn", "no tick was seen yet", "wait for the worker to start")
    # What was decided bears the latest time that was ever seen, which no clock sets back.
    events = running.get("/events", before=_NEWEST, limit=50)["items"]
    latest = max(dt.datetime.fromisoformat(each) for each in (at, *(e["time"] for e in events)))
    ahead = latest.timestamp() - time.time()
    if ahead > _CLOCK_S:
        remedy = "set this machine's clock; where it is right, timers are slower until then"
        return Check("clock", "fail", f"the log is {ahead:.0f} s ahead", remedy)
    return Check("clock", "ok", "not behind the log")


def _policy(running: Client | None) -> Check:
    if running is None:
        return Check("policy", "ok", "compared with the shipped one where an installation runs")
    told = news(running)
    if told is not None:
        return Check("policy", "warn", told, HINT)
    return Check("policy", "ok", "has what this release ships, or it was declined")
