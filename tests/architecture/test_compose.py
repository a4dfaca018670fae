"""docker-compose.yml holds what it promises, as far as that shows without an engine."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.cli.roles import ROLES
from config.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "homeostat"}
KEYS = {
    "build", "cap_drop", "command", "depends_on", "environment", "healthcheck", "hostname",
    "image", "network_mode", "pid", "ports", "profiles", "read_only", "restart", "security_opt",
    "stop_grace_period", "tmpfs", "user", "volumes",
}  # fmt: skip
"""Of the Compose Specification, those that are used here."""
CONDITIONS = {"service_healthy", "service_completed_successfully", "service_started"}


def test_every_key_is_one_of_the_specification() -> None:
    assert {key for key in COMPOSE if not key.startswith("x-")} == {"name", "services", "volumes"}
    for name, service in SERVICES.items():
        assert service.keys() <= KEYS, name


def test_values_are_spelt_as_the_specification_has_them() -> None:
    for name, service in SERVICES.items():
        assert service.get("restart", "no") in {"no", "always", "on-failure", "unless-stopped"}
        for port in service.get("ports", []):
            assert re.fullmatch(r"[\d.]+:\d+:\d+", port), name
        for volume in service.get("volumes", []):
            assert re.fullmatch(r"[\w./-]+:/[\w./-]+(:ro)?", volume), volume
        check = service.get("healthcheck", {})
        assert check.keys() <= {"test", "interval", "timeout", "retries", "start_period"}, name
        for key in check.keys() & {"interval", "timeout", "start_period"}:
            assert re.fullmatch(r"\d+(ms|s|m|h)", check[key]), (name, key)
        if check:
            assert check["test"][0] == "CMD"
            assert all(isinstance(word, str) for word in check["test"]), name
        assert all(isinstance(word, str) for word in service.get("command", [])), name
        assert all(isinstance(v, str) for v in service.get("environment", {}).values()), name


def test_nobody_waits_for_themselves() -> None:
    waits = {name: service.get("depends_on", {}).keys() for name, service in SERVICES.items()}
    started: set[str] = set()
    while ready := {name for name in waits.keys() - started if waits[name] <= started}:
        started |= ready
    assert started == SERVICES.keys()


def test_nothing_that_is_always_up_waits_for_a_profile() -> None:
    for name, service in SERVICES.items():
        for other in service.get("depends_on", {}):
            wanted = set(SERVICES[other].get("profiles", []))
            assert not wanted or wanted & set(service.get("profiles", [])), name


def test_each_role_has_a_service() -> None:
    assert {service["command"][0] for service in OURS.values()} == set(ROLES)
    assert all(service["build"] == "." for service in OURS.values())


def test_what_a_service_waits_for_is_there_and_can_say_so() -> None:
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            assert how["condition"] in CONDITIONS, name
            if how["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[other], f"{name} waits for {other}"


def test_volumes_are_declared_and_used() -> None:
    used = {v.split(":")[0] for s in SERVICES.values() for v in s.get("volumes", [])}
    ours = {place for place in used if place.startswith("./")}
    assert used - ours == COMPOSE["volumes"].keys()
    assert all((ROOT / place).exists() for place in ours)


def test_images_of_others_are_pinned() -> None:
    for name in SERVICES.keys() - OURS.keys():
        assert re.search(r":v?\d", SERVICES[name]["image"]), name


def test_ours_run_without_privileges_and_listen_on_loopback_only() -> None:
    for name, service in OURS.items():
        assert service["user"] not in ("0", "root"), name
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
    for name, service in SERVICES.items():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name
    assert not any("ports" in SERVICES[name] for name in ("kafka", "postgres", "prometheus"))


def test_who_observes_can_read_no_secret_but_its_own() -> None:
    for name in ("prometheus", "grafana"):
        assert SERVICES[name]["profiles"] == ["observe"]
        mounted = {volume.split(":")[0] for volume in SERVICES[name]["volumes"]}
        assert not mounted & {"secrets", "home"}, name


def test_what_runs_for_long_is_looked_at() -> None:
    for name, service in SERVICES.items():
        if name not in ("secrets", "prepare"):
            assert "healthcheck" in service, name
    for name in OURS.keys() - {"prepare"}:
        assert OURS[name]["healthcheck"]["test"][-1] == OURS[name]["command"][0]


def test_every_setting_is_one_and_no_secret_is_written_down() -> None:
    known = {f"HOMEOSTAT_{name.upper()}" for name in Settings.model_fields}
    for name, service in OURS.items():
        given = set(service["environment"])
        assert given <= known | {"HOMEOSTAT_API", "HOMEOSTAT_SLOT"}, name
    for service in SERVICES.values():
        for variable, value in service.get("environment", {}).items():
            assert "PASSWORD" not in variable or value.startswith("/run/"), variable


def test_the_image_holds_what_it_needs() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    kept = {line.removeprefix("!") for line in lines if line.startswith("!")}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert packages <= kept
    assert {"requirements.lock", "pyproject.toml"} <= kept
    assert "USER homeostat" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def _has_compose() -> bool:
    if shutil.which("docker") is None:
        return False
    asked = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    return asked.returncode == 0


@pytest.mark.skipif(not _has_compose(), reason="no `docker compose` here")
def test_the_engine_accepts_it() -> None:
    command = ["docker", "compose", "-f", str(ROOT / "docker-compose.yml"), "config"]
    done = subprocess.run(
        [*command, "--format", "json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["services"].keys() >= OURS.keys()
