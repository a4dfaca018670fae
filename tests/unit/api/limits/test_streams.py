"""One token holds so many live streams, and may open another once one has ended."""

from __future__ import annotations

from contextlib import ExitStack

from config.settings import Settings

STREAM = "/api/v1/stream"


def test_a_stream_too_many_is_refused_until_one_ends(api) -> None:
    most = Settings().api_streams
    with api.client("viewer") as client, ExitStack() as streams:
        held = [streams.enter_context(client.stream("GET", STREAM)) for _ in range(most)]
        assert {stream.status_code for stream in held} == {200}
        refused = client.get(STREAM)
        assert (refused.status_code, refused.json()["type"]) == (429, "/problems/too-many-streams")
        assert refused.headers["retry-after"] == "5"
        with api.client("operator") as other, other.stream("GET", STREAM) as theirs:
            assert theirs.status_code == 200
        held[0].close()
        while (again := _status(client)) == 429:
            pass
        assert again == 200


def _status(client) -> int:
    with client.stream("GET", STREAM) as stream:
        return stream.status_code
