"""The whole flow as one table: which step reads what, and writes what.

The diagram in ARCHITECTURE.md is generated from it, the runtime starts agents from it, the replay
verifies by it, and a test walks it.
"""

from __future__ import annotations

from typing import Any

from processors.decision.step import decision
from processors.governor.step import governor
from processors.step import Step
from processors.surveillance.step import Surveillance


def steps() -> tuple[Step[Any], ...]:
    """Return every step, in the order in which news flows."""
    return (Surveillance(), decision(), governor())
