"""A check names one way to look, and says so where it does not."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from config.probes import Probe
from config.services import HealthCheck


@pytest.mark.parametrize(
    ("given", "found"),
    [({}, "none"), ({"http": "http://h/", "tcp": "h:1"}, "http and tcp")],
)
def test_none_or_two_ways_are_refused(given: dict[str, Any], found: str) -> None:
    with pytest.raises(ValidationError, match=f"one of http, tcp, process; found {found}"):
        HealthCheck.model_validate(given)
    with pytest.raises(ValidationError, match=f"one of http, .*, websocket; found {found}"):
        Probe.model_validate({"name": "p"} | given)


@pytest.mark.parametrize("given", [{"http": "http://h/"}, {"tcp": "h:1"}, {"process": True}])
def test_one_way_is_enough(given: dict[str, Any]) -> None:
    assert HealthCheck.model_validate(given).model_dump(exclude_unset=True) == given
