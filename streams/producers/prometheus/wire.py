"""The messages of remote write 1.0, as far as they are read here.

They are described in code, because nobody packages them. A series' labels are declared as bytes:
a message within another is spelt as bytes are, so both read the same requests.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final, NamedTuple

_PACKAGE: Final = "homeostat.remote_write"
_FIELDS: Final = {
    "Label": (("name", 1, "STRING", ""), ("value", 2, "STRING", "")),
    "Sample": (("value", 1, "DOUBLE", ""), ("timestamp", 2, "INT64", "")),
    "TimeSeries": (("labels", 1, "BYTES", "*"), ("samples", 2, "Sample", "*")),
    "MetricMetadata": (("type", 1, "INT32", ""), ("metric_family_name", 2, "STRING", "")),
    "WriteRequest": (("timeseries", 1, "TimeSeries", "*"), ("metadata", 3, "MetricMetadata", "*")),
}
"""Of each message: name, number and type of a field, and whether it may be repeated."""


class Messages(NamedTuple):
    """The classes that read: a whole request, and a label by itself."""

    write_request: Any
    label: Any


@cache
def messages() -> Messages:
    """Return the classes; they are made once."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(
        name="homeostat/remote_write.proto", package=_PACKAGE, syntax="proto3"
    )
    plain = descriptor_pb2.FieldDescriptorProto
    for name, fields in _FIELDS.items():
        message = file.message_type.add(name=name)
        for field, number, kind, repeated in fields:
            label = plain.LABEL_REPEATED if repeated else plain.LABEL_OPTIONAL
            made = message.field.add(name=field, number=number, label=label)
            if kind in _FIELDS:
                made.type, made.type_name = plain.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
            else:
                made.type = plain.Type.Value(f"TYPE_{kind}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    of = (pool.FindMessageTypeByName(f"{_PACKAGE}.{name}") for name in ("WriteRequest", "Label"))
    return Messages(*(message_factory.GetMessageClass(each) for each in of))
