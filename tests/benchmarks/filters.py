"""Which reads are slow, of all: ``python -m tests.benchmarks.filters``.

Walks the routes that the API itself documents, each with every filter, and every two filters, now
and in the past, over views of 100,000 agents and 1,000,000 events, see `tests.benchmarks.views`.
Prints the slowest: the best of three answers, so that a busy machine does not show.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import itertools
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from config.settings import Settings
from tests.benchmarks.reads import api_of
from tests.benchmarks.views import AGENTS, BEGUN, EVENTS, fill
from tests.ports import free_port

_MIDDLE: Final = f"{AGENTS // 2:06d}"
IN_PATH: Final = {
    "agent_id": f"agent-{_MIDDLE}",
    "finding_id": f"finding-{_MIDDLE}",
    "action_id": f"action-{_MIDDLE}",
    "incident_id": f"incident-{5_000:06d}",
    "event_id": f"event-{EVENTS // 2:07d}",
}
"""What stands in a path. A route that needs something else is left out."""
WANTED: Final[dict[str, tuple[str, ...]]] = {
    "status": ("active", "retired", "nosuch", "open", "closed"),
    "type": ("service", "database", "nosuch"),
    "health": ("healthy", "failing", "nosuch"),
    "performance": ("good", "critical"),
    "security_below": ("100", "50"),
    "text": ("a", "Q", "qz", "zz", "ag", "age", "agent-", "agent-0123", "team-7", "nothing"),
    "sort": ("agent_id", "performance", "security"),
    "as_of": (str(BEGUN + 1800), str(BEGUN + 9000)),
    "limit": ("50",),
    "state": ("open", "ended", "awaiting", "finished"),
    "kind": ("service_down", "threshold", "rare", "nosuch"),
    "severity": ("critical", "warning", "nosuch"),
    "agent": (f"agent-{_MIDDLE}", "nosuch"),
    "finding": (f"finding-{_MIDDLE}", "nosuch"),
    "action": ("service.restart", "rare", "nosuch"),
    "types": ("finding.raised", "rare"),
    "subject": (f"default/agent-{_MIDDLE}", "default/nosuch"),
    "after": (str(EVENTS // 2), str(EVENTS)),
    "before": (str(EVENTS // 2), "9000000000", "5"),
    "leaking": ("true",),
    "actor": ("admin", "nosuch"),
    "outcome": ("done", "refused"),
    "level": ("notice", "info"),
    "since": (str(BEGUN + 1800),),
    "until": (str(BEGUN + 1800), str(BEGUN + 9000)),
    "reason": ("rare", "nosuch"),
    "metric": ("cpu_usage",),
    "resolution": ("minute", "hour"),
} | {"type of /api/v1/events": ("finding.raised", "rare.type", "nosuch")}  # fmt: skip
"""What is asked of a parameter: common and rare values, and one that nothing has."""


def questions(document: dict[str, Any], most: int) -> Iterator[str]:
    """Give what may be asked: each route with no filter, and with up to `most` of them."""
    for path, methods in document["paths"].items():
        route = methods.get("get")
        if not path.startswith("/api/v1/") or route is None or path.endswith(("stream", ".json")):
            continue
        in_path, in_query, needed = _parameters(path, route)
        if not in_path <= IN_PATH.keys():
            continue
        base = path.format(**IN_PATH)
        for count in range(most + 1):
            for names in itertools.combinations(in_query, count):
                for values in itertools.product(*(in_query[name] for name in names)):
                    asked = needed | dict(zip(names, values, strict=True))
                    yield f"{base}?{urlencode(asked)}" if asked else base


def _parameters(
    path: str, route: dict[str, Any]
) -> tuple[set[str], dict[str, tuple[str, ...]], dict[str, str]]:
    """Return the names in the path, the filters with their values, and what must be given."""
    in_path: set[str] = set()
    in_query: dict[str, tuple[str, ...]] = {}
    needed: dict[str, str] = {}
    for each in route.get("parameters", ()):
        name = each["name"]
        wanted = WANTED.get(f"{name} of {path}") or WANTED.get(name)
        if each["in"] == "path":
            in_path.add(name)
        elif each["in"] == "query" and wanted is not None:
            if each.get("required"):
                needed[name] = wanted[0]
            else:
                in_query[name] = wanted
    return in_path, in_query, needed


def best_of(asking: http.client.HTTPConnection, token: str, path: str) -> tuple[float, int, int]:
    """Return the milliseconds of the best answer of three, its status and its bytes."""
    best, status, size = float("inf"), 0, 0
    for _ in range(3):
        begun = time.perf_counter()
        asking.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        answer = asking.getresponse()
        size, status = len(answer.read()), answer.status
        best = min(best, (time.perf_counter() - begun) * 1000)
    return best, status, size


def walked(settings: Settings, most: int, only: str) -> list[tuple[float, int, int, str]]:
    """Return what each question took, the slowest first."""
    asking = http.client.HTTPConnection("127.0.0.1", settings.api_port, timeout=60)
    asking.request("GET", "/api/v1/openapi.json")
    document = json.loads(asking.getresponse().read())
    token = settings.token()
    paths = [path for path in dict.fromkeys(questions(document, most)) if only in path]
    return sorted(((*best_of(asking, token, path), path) for path in paths), reverse=True)


def main() -> None:
    """Read the options, fill the views, ask, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--filters", type=int, default=2, help="at a time")
    parser.add_argument("--only", default="", help="paths that contain this")
    parser.add_argument("--shown", type=int, default=40)
    parser.add_argument("--url", help="an SQLAlchemy URL; default: SQLite in the folder")
    parser.add_argument("--home", type=Path, help="a folder to keep; default: a temporary one")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        home = options.home or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings = Settings(home=home, api_port=free_port(), database_url=options.url)
        fill(settings.database)
        stack.enter_context(api_of(settings))
        found = walked(settings, options.filters, options.only)
    print(f"{len(found)} questions; the slowest:\n\n{'ms':>8} {'status':>6} {'bytes':>9}  path")
    for took, status, size, path in found[: options.shown]:
        print(f"{took:>8.1f} {status:>6} {size:>9}  {path}")


if __name__ == "__main__":
    main()
