"""What a value of the policy may be: its range, so that a mistake is refused where it is read."""

from __future__ import annotations

from typing import Annotated

import msgspec

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Points = Annotated[float, msgspec.Meta(ge=0.0, le=100.0)]
Weight = Annotated[float, msgspec.Meta(ge=0.0, le=1e6)]
Positive = Annotated[float, msgspec.Meta(gt=0.0, le=1e6)]
Factor = Annotated[float, msgspec.Meta(ge=1.0, le=1e3)]
Seconds = Annotated[float, msgspec.Meta(ge=0.0, le=1e9)]
Duration = Annotated[float, msgspec.Meta(gt=0.0, le=1e9)]
Amount = Annotated[float, msgspec.Meta(gt=0.0, le=1e9)]
Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
AtLeastOne = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]
Many = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class PolicyPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of the policy; unknown keys are refused."""
