"""A client for programs that report on themselves: to Kafka, or over HTTP to the API.

::

    with HeartbeatClient("worker-7", kafka="127.0.0.1:9092") as client:
        client.send({"active_tasks": 3, "error_rate": 0.0}, status="busy")
"""

from streams.producers.heartbeat.async_client import AsyncHeartbeatClient
from streams.producers.heartbeat.buffer import Buffer
from streams.producers.heartbeat.client import HeartbeatClient
from streams.producers.heartbeat.composer import Counters

__all__ = ["AsyncHeartbeatClient", "Buffer", "Counters", "HeartbeatClient"]
