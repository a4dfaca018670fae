"""Prometheus' remote write 1.0, read and made into heartbeats; the API serves it.

A series belongs to the agent ``JOB@INSTANCE``, after the labels of those names; one without either
to the agent ``prometheus``. The generated types are made with the first request.

Native histograms and exemplars are not read: a server sends the former only where it is told to.
Labels are taken apart once for each series, not for each sample: on the wire they are the same
bytes every time, and the types here say so.

Source: *Prometheus Remote-Write 1.0 specification*, ``remote.proto`` and ``types.proto``.
"""

from __future__ import annotations

from threading import Lock
from typing import Any, Final

from streams.producers.prometheus.targets import UP, Targets
from streams.producers.prometheus.translating import Reader, Translator
from streams.producers.prometheus.wire import Messages, messages
from streams.producers.series.bounded import LONGEST_KEY, Bounded
from streams.producers.series.counters import MOST
from streams.producers.series.gathering import Admitted, Gathering
from streams.producers.series.naming import agent_name
from streams.producers.series.reading import Read, Undecodable

NAMELESS: Final = "prometheus"
"""The agent of series that name neither a job nor an instance."""
_KINDS: Final = (
    "unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset",
)  # fmt: skip
_FAMILIES: Final = 20_000
_SPELT: Final = 4096
"""Bytes of labels that are remembered with what they mean; longer ones are read each time."""
_Known = tuple[str, Reader]


class RemoteWriteReceiver:
    """Remembers what was read of each series; one for an API process.

    Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._translator = Translator()
        self._targets = Targets()
        self._admitted = Admitted()
        self._series: Bounded[tuple[str, bytes], _Known] = Bounded(MOST)
        self._types: dict[str, dict[str, str]] = {}
        self._one_at_a_time = Lock()

    def read(self, body: bytes, tenant: str) -> Read:
        """Return what a ``WriteRequest`` says of the agents of `tenant`.

        Raises
        ------
        Undecodable
            If it cannot be read.
        """
        from google.protobuf.message import DecodeError

        wire = messages()
        try:
            request = wire.write_request.FromString(body)
            with self._one_at_a_time:
                self._learn(tenant, request.metadata)
                gathering = Gathering(tenant, self._admitted)
                for series in request.timeseries:
                    self._take(wire, series, tenant, gathering)
                return Read(gathering.heartbeats(), gathering.left_out)
        except (DecodeError, UnicodeDecodeError) as error:
            raise Undecodable(f"the body is no WriteRequest: {error}") from error

    def _learn(self, tenant: str, metadata: Any) -> None:
        types = self._types.setdefault(tenant, {})
        told = {
            each.metric_family_name: _KINDS[each.type]
            for each in metadata
            if 0 < each.type < len(_KINDS) and len(each.metric_family_name) <= LONGEST_KEY
        }
        if told.items() <= types.items():
            return
        if len(types) + len(told) > _FAMILIES:
            types.clear()
        types.update(told)
        self._series.clear()  # what they are was guessed, perhaps wrongly

    def _take(self, wire: Messages, series: Any, tenant: str, gathering: Gathering) -> None:
        key = tenant, b"".join(series.labels)
        known = self._series.get(key)
        if known is None:
            known = self._known(wire, series.labels, tenant)
            if len(key[1]) <= _SPELT:
                self._series[key] = known
        agent, reader = known
        for sample in series.samples:
            at = sample.timestamp * 1e-3
            for name, value in reader(sample.value, at):
                if value - value == 0.0:  # finite: a series that ended says so by a NaN
                    gathering.add(agent, name, value, at)

    def _known(self, wire: Messages, spelt: Any, tenant: str) -> _Known:
        pairs = (wire.label.FromString(each) for each in spelt)
        labels = {pair.name: pair.value for pair in pairs}
        name = labels.pop("__name__", "unnamed")
        agent = agent_name(labels.pop("job", ""), labels.pop("instance", "")) or NAMELESS
        if name == UP and agent != NAMELESS:
            return agent, self._targets.reader(f"{tenant}/{agent}", labels)
        types = self._types[tenant]
        return agent, self._translator.reader(f"{tenant}/{agent}", name, labels, types)
