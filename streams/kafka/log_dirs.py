"""The request for the sizes of logs, which the client library does not have.

Source: *Kafka protocol guide*, DescribeLogDirs (key 35), version 1.
"""

from __future__ import annotations

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Int16, Int32, Int64, Schema, String

_KEY = 35
_TEXT = String("utf-8")


class SizesResponse(Response):
    """Of each folder that a broker keeps logs in, the sizes of the replicas there."""

    API_KEY = _KEY
    API_VERSION = 1
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("folders", Array(
            ("error_code", Int16),
            ("log_dir", _TEXT),
            ("topics", Array(
                ("topic", _TEXT),
                ("partitions", Array(
                    ("partition", Int32),
                    ("size", Int64),
                    ("offset_lag", Int64),
                    ("is_future", Boolean),
                )),
            )),
        )),
    )  # fmt: skip


class SizesStruct(RequestStruct):
    """Asks for some topics, or for all where there is no list."""

    API_KEY = _KEY
    API_VERSION = 1
    RESPONSE_TYPE = SizesResponse
    SCHEMA = Schema(("topics", Array(("topic", _TEXT), ("partitions", Array(Int32)))))


class SizesRequest(Request[SizesStruct]):
    """Asks a broker for the sizes of all replicas that it holds."""

    API_KEY = _KEY

    def build(self, request_struct_class: type[SizesStruct]) -> SizesStruct:
        """Return the request in a version that the broker knows."""
        return request_struct_class(None)
