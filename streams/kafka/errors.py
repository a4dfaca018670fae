"""What can go wrong between us and a broker, each with its remedy in the text."""

from __future__ import annotations


class BrokerError(RuntimeError):
    """The embedded broker cannot be started or kept; says why and what to do."""


class JarError(BrokerError):
    """Kafka's jars could not be fetched, or are not the pinned ones."""


class PortTaken(BrokerError):
    """Something else listens where the broker should; names it where it can be seen."""


class TopicError(RuntimeError):
    """A topic is not as this installation needs it, or could not be made so."""


class ImportUnfinished(TopicError):
    """The log is one that was being imported, and is not whole."""


class PublishError(RuntimeError):
    """Records were not acknowledged."""


class BrokerAway(PublishError):
    """No broker answered in time; whether the records arrived is unknown. Try again later."""


class RecordTooLarge(PublishError):
    """A record is larger than a request may be; it will never be accepted."""


class PositionLost(RuntimeError):
    """A position lies outside what the broker keeps: records expired, or another log."""
