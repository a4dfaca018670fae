"""The API is what its OpenAPI document says, for requests that nobody thought of.

Schemathesis makes requests of the document: its examples, its boundaries, what it allows and what
it forbids. Each answer is held to the document, and no answer may be a defect. The same requests
are made at every run; ``HOMEOSTAT_CONFORMANCE=1000 pytest …`` makes so many of each operation.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import positive_data_acceptance
from schemathesis.config import SchemathesisConfig

from api.app import create_app
from config.settings import Settings
from streams.contracts.trust import Signer
from streams.kafka.connection import Connection
from tests.integration.contracts.conftest import Served

REQUESTS = int(os.environ.get("HOMEOSTAT_CONFORMANCE", "6"))
"""Random requests of each operation, beside examples and boundaries."""
NO_DEFECT = ["2xx", "3xx", "4xx", "504"]
"""504 is the answer to `wait_for` a place that nothing was written to."""
REFUSED = ["400", "401", "403", "404", "405", "409", "413", "415", "422", "429", "504"]
"""How what the document forbids may be answered: 413 where it is forbidden for its length, 504
where it is beside a place that is waited for in vain."""
UNSAYABLE = {
    ("idempotency-key-reused", "idempotency-key"),  # that a key is new
    ("invalid-cursor", "cursor"),  # that an earlier answer of the same list gave it
    ("invalid-field", "as_of"),  # that the moment is over
    ("invalid-field", "matchers"),  # that they leave something out, or `everything` is said
    ("invalid-field", "starts_at"),  # how long the policy lets one wait for it
    ("invalid-field", "ends_at"),  # that it is later, by no more than the policy lets it
    ("invalid-field", "lasts_s"),
    ("invalid-field", "recurrence.time_zone"),  # that there is such a place
    ("record-too-large", "body"),  # how many bytes it is when written
}
"""What no schema can say, though the server asks for it: problems, and of which field."""


def _document() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as home:
        app = create_app(Settings(home=Path(home)), Connection("127.0.0.1:1"), Signer(b"x" * 32))
        return app.openapi()


config = SchemathesisConfig.from_dict(
    {
        "request-timeout": 120.0,
        "checks": {
            "not_a_server_error": {"expected-statuses": NO_DEFECT},
            "negative_data_rejection": {"expected-statuses": REFUSED},
        },
    }
)
api = schemathesis.openapi.from_dict(_document(), config=config)
AT_LENGTH = settings(
    max_examples=REQUESTS,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
STREAM, WHAT_IF = "/api/v1/stream", "/api/v1/policy/what-if"


# The API's clients draw random numbers beside us in this process, and hypothesis minds.
@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisDeprecationWarning")
@api.exclude(path=[STREAM, WHAT_IF]).parametrize()
@AT_LENGTH
def test_every_answer_is_as_the_document_says(case: schemathesis.Case, served: Served) -> None:
    _hurry(case, served)
    _hold(case, served)


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisDeprecationWarning")
@api.include(path=WHAT_IF).parametrize()
@settings(AT_LENGTH, max_examples=max(REQUESTS // 5, 2))
def test_a_what_if_is_as_the_document_says(case: schemathesis.Case, served: Served) -> None:
    # Each that is answered takes a process of its own, so there are fewer.
    _hold(case, served)


def _hold(case: schemathesis.Case, served: Served) -> None:
    answer = case.call(base_url=served.base, headers=served.headers)
    excused = [positive_data_acceptance] if _unsayable(answer) else []
    case.validate_response(answer, excluded_checks=excused, headers=served.headers)


def _hurry(case: schemathesis.Case, served: Served) -> None:
    """Wait for what is there, or else for a moment only."""
    asked = case.query
    if asked.get("wait_for") == "fleet/2/1187/0":
        asked["wait_for"] = served.shown
    elif asked.get("wait_for") and isinstance(asked.get("wait_s", 5), float | int):
        asked["wait_s"] = min(asked.get("wait_s", 5), 0.05)


def _unsayable(answer: schemathesis.Response) -> bool:
    if answer.status_code != 422:
        return False
    problem = answer.json()
    name = problem["type"].removeprefix("/problems/")
    return {(name, error["field"]) for error in problem["errors"]} <= UNSAYABLE
