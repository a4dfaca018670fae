"""The job in Quix Streams: one event at a time, state in RocksDB with its changelog."""

from __future__ import annotations

import sys
import tempfile
from typing import Any

import msgspec
from quixstreams import Application

from tests.benchmarks.common_job.job import blank, decode, fold
from tests.benchmarks.common_job.meter import Meter


def main(bootstrap: str, topic: str, goal: int) -> None:
    """Fold it all, and leave."""
    meter = Meter(goal)
    with tempfile.TemporaryDirectory() as data:
        app = Application(
            broker_address=bootstrap, consumer_group="common-job-quix", state_dir=data,
            auto_offset_reset="earliest", loglevel="WARNING",
        )  # fmt: skip
        results = app.topic("common-job.windows.quix", value_serializer="bytes")

        def each(value: bytes, state: Any) -> bytes | None:
            beat = decode(value)
            held = state.get("agent", None) or blank()
            window = fold(held, beat)
            state.set("agent", held)
            meter.add()
            if meter.done:
                app.stop()
            return None if window is None else msgspec.json.encode(window)

        frame = app.dataframe(app.topic(topic, value_deserializer="bytes"))
        frame = frame.apply(each, stateful=True)
        frame.filter(lambda window: window is not None).to_topic(results)
        app.run()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
