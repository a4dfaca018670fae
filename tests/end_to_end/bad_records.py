"""A thousand different records that no one should accept, from one seed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

GOOD = {"agent_id": "victim", "metrics": {"cpu_usage": 41.5}, "labels": {"host": "a"}}

Maker = Callable[[random.Random, int], bytes]


def _json(**changes: object) -> bytes:
    return json.dumps(GOOD | changes).encode()


def _truncated(rng: random.Random, n: int) -> bytes:
    return _json(sequence=n)[: rng.randrange(1, 60)]


def _wrong_type(rng: random.Random, n: int) -> bytes:
    field = rng.choice(["agent_id", "metrics", "tenant_id", "labels", "status", "sequence"])
    return _json(**{field: rng.choice([[n], True, [[n]], [{"x": n}]])})


def _not_a_number(rng: random.Random, n: int) -> bytes:
    return _json(metrics={f"m{n}": rng.choice([float("nan"), float("inf"), -float("inf")])})


def _too_great(rng: random.Random, n: int) -> bytes:
    return b'{"agent_id":"victim","metrics":{"m%d":%s1e%d}}' % (
        n,
        rng.choice([b"", b"-"]),
        rng.randrange(150, 5000),
    )


def _huge(rng: random.Random, n: int) -> bytes:
    return _json(labels={"x": "y" * rng.randrange(65_536, 90_000)}, sequence=n)


def _deep(rng: random.Random, n: int) -> bytes:
    depth = rng.randrange(2_000, 9_000)
    return b'{"n":%d,"agent_id":' % n + b"[" * depth + b"]" * depth + b"}"


def _encoded(rng: random.Random, n: int) -> bytes:
    text = json.dumps(GOOD | {"agent_id": f"é{n}"}, ensure_ascii=False)
    return text.encode(rng.choice(["utf-16", "utf-32", "utf-16-be", "latin-1", "cp500"]))


def _hostile_id(rng: random.Random, n: int) -> bytes:
    shapes = ["../../etc/%d", "a/%d", "%d\x00", "'; DROP TABLE agents;--%d", "<script>%d", " %d"]
    shapes += ["\u202e%d", "%d" + "x" * 200, "-%d", "$(id)%d", "%d\r\n", "\ufeff%d"]
    return _json(**{rng.choice(["agent_id", "tenant_id"]): rng.choice(shapes) % n})


def _bad_name(rng: random.Random, n: int) -> bytes:
    return _json(metrics={rng.choice(["%d", "a b%d", "é%d", "x" * 130 + "%d", "{%d}"]) % n: 1.0})


def _too_many(rng: random.Random, n: int) -> bytes:
    return _json(metrics={f"m{i}": 1.0 for i in range(257 + n % 50)})


def _bad_status(rng: random.Random, n: int) -> bytes:
    return _json(status=rng.choice(["offline", "quarantined", "ACTIVE", "", "root"]), sequence=n)


def _bad_sequence(rng: random.Random, n: int) -> bytes:
    return _json(sequence=-1 - n)


def _noise(rng: random.Random, n: int) -> bytes:
    return b"\x00" + rng.randbytes(rng.randrange(1, 300))


def _missing(rng: random.Random, n: int) -> bytes:
    return json.dumps({rng.choice(["agent_id", "agent", "id"]): f"a{n}"}).encode()


def _foreign(rng: random.Random, n: int) -> bytes:
    return _json(tenant_id=f"other-{n}")


def _reserved(rng: random.Random, n: int) -> bytes:
    return _json(metrics={rng.choice(["up", "restarts"]): float(n)})


MAKERS: tuple[Maker, ...] = (
    _truncated, _wrong_type, _not_a_number, _too_great, _huge, _deep, _encoded, _hostile_id,
    _bad_name, _too_many, _bad_status, _bad_sequence, _noise, _missing, _foreign, _reserved,
)  # fmt: skip


def bad_records(count: int, seed: int = 7) -> list[bytes]:
    """Return `count` different bad records, of every kind in turn."""
    rng = random.Random(seed)
    found: dict[bytes, None] = {}
    turn = 0
    while len(found) < count:
        found[MAKERS[turn % len(MAKERS)](rng, turn)] = None
        turn += 1
    return list(found)
