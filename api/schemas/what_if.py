"""What another policy would have decided on the recorded log."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from api.schemas.common import Body, Instant, Moment, View

What = Literal[
    "finding", "severity", "place", "proposed", "withheld", "held for approval", "queued",
    "granted", "refused",
]  # fmt: skip


class WhatIfQuestion(Body):
    """A whole policy to fold the recorded log under; nothing is put in force."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"policy": {"limits": {"max_concurrent": 2}}}},
    )

    policy: dict[str, Any]
    since: Instant | None = Field(
        default=None, description="When it is put in force; default: the first record that is read."
    )
    until: Instant | None = Field(default=None, description="Where the reading ends; default: now.")


class WhatIfRow(View):
    """Counts of one kind of finding, or of one stage of an action, of one agent."""

    what: What
    kind: str = Field(description="The finding's kind and metric, or the action.")
    agent: str = Field(description="tenant/agent")
    same: int
    moved: int = Field(description="They come sooner or later.")
    otherwise: int = Field(description="They come with another severity, score or mode.")
    gone: int = Field(description="They would not have been.")
    added: int = Field(description="They would have been in addition.")
    beyond: int = Field(description="They lie beyond the divergence of the agent: uncertain.")


class WhatIfExample(View):
    """One difference: what it was, and what it would have been."""

    verdict: Literal["moved", "otherwise", "gone", "added"]
    what: What
    kind: str
    agent: str
    at: Moment
    later_s: float
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class WhatIfDivergence(View):
    """Since when what the world did says nothing of one agent under the candidate."""

    agent: str
    since: Moment


class WhatIfView(View):
    """What differs, certain until an agent would have been treated otherwise."""

    since: Moment | None
    until: Moment | None
    policy_hash: str
    records: int
    seconds: float
    rows: list[WhatIfRow]
    rows_left_off: int
    examples: list[WhatIfExample]
    diverged: list[WhatIfDivergence]
    diverged_agents: int
    outcomes_beyond: int = Field(
        description="Recorded outcomes that were not relied on, as they came after the divergence."
    )
    notes: list[str] = Field(description="What limits the answer.")
