"""Reads recorded histories: one JSON object a line, what lay in the inbox and what was written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from streams.contracts.record import Record


def lines(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a history."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def recorded(path: Path, topic: str) -> list[Record]:
    """Return what lay in partition 0 of the inbox `topic`, in order."""
    read = [kept for kept in lines(path) if "read" in kept]
    return [
        Record(
            topic, 0, offset, kept["timestamp"], (kept.get("key") or "").encode() or None,
            kept["read"].encode(),
            tuple((name, bytes.fromhex(content)) for name, content in kept["headers"]),
        )
        for offset, kept in enumerate(read)
    ]  # fmt: skip
