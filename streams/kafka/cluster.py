"""Looks at a cluster from outside: brokers, partitions, sizes, and where its groups are."""

from __future__ import annotations

from collections.abc import Callable, Collection
from fnmatch import fnmatchcase
from typing import Any, Final, NamedTuple

from streams.kafka.connection import Connection
from streams.kafka.errors import BrokerAway
from streams.kafka.log_reader import Place

_LATEST: Final = -1
_ANY_REPLICA: Final = -1
_UNCOMMITTED: Final = 0


class Seen(NamedTuple):
    """A cluster at a moment.

    Parameters
    ----------
    brokers : int
        Brokers that answer.
    partitions : dict of Place to (int, int, bool)
        Of each: replicas, replicas in sync, and whether it has a leader.
    ends : dict of Place to int
        The offset after the last record.
    sizes : dict of str to int
        Bytes of a topic's replicas, for topics that we may look at.
    groups : dict of str to dict of Place to int
        Where each consumer group is.
    """

    brokers: int
    partitions: dict[Place, tuple[int, int, bool]]
    ends: dict[Place, int]
    sizes: dict[str, int]
    groups: dict[str, dict[Place, int]]


class Observer:
    """Holds a connection between two looks; after a failure the next one begins anew.

    Parameters
    ----------
    connect : callable
        Returns how to reach it; asked again with each new connection, so that secrets may change.
    groups : collection of str
        Patterns of the consumer groups to look at.
    without : collection of str
        Groups to leave out.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        groups: Collection[str],
        without: Collection[str] = (),
    ) -> None:
        self._connect = connect
        self._groups = groups
        self._without = without
        self._admin: Any = None

    async def look(self) -> Seen:
        """Return what is there.

        Raises
        ------
        BrokerAway
            If the cluster does not answer, or refuses.
        """
        from aiokafka.errors import KafkaError

        try:
            return await self._look(await self._connected())
        except KafkaError as error:
            await self.close()
            raise BrokerAway(f"its brokers do not tell: {error!r}") from error
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Disconnect."""
        admin, self._admin = self._admin, None
        if admin is not None:
            await admin.close()

    async def _connected(self) -> Any:
        from aiokafka.admin import AIOKafkaAdminClient

        if self._admin is None:
            self._admin = AIOKafkaAdminClient(**self._connect().client_options())
            await self._admin.start()
        return self._admin

    async def _look(self, admin: Any) -> Seen:
        described = await admin._get_cluster_metadata()
        brokers = [broker[0] for broker in described.brokers]
        groups = await self._committed(admin)  # before the ends, which may only be further
        partitions: dict[Place, tuple[int, int, bool]] = {}
        leaders: dict[int, dict[str, list[tuple[int, int]]]] = {}
        for topic in await admin.describe_topics():
            for one in topic["partitions"]:
                place = Place(topic["topic"], one["partition"])
                led = one["leader"] >= 0
                partitions[place] = len(one["replicas"]), len(one["isr"]), led
                if led:
                    asked = leaders.setdefault(one["leader"], {})
                    asked.setdefault(place.topic, []).append((place.partition, _LATEST))
        ends = await self._ends(admin, leaders)
        return Seen(len(brokers), partitions, ends, await self._sizes(admin, brokers), groups)

    async def _committed(self, admin: Any) -> dict[str, dict[Place, int]]:
        found = {}
        for name, kind in sorted(await admin.list_consumer_groups()):
            wanted = any(fnmatchcase(name, pattern) for pattern in self._groups)
            if not wanted or name in self._without or kind not in ("consumer", ""):
                continue
            offsets = await admin.list_consumer_group_offsets(name)
            found[name] = {
                Place(place.topic, place.partition): at.offset
                for place, at in offsets.items()
                if at.offset >= 0
            }
        return found

    async def _ends(
        self, admin: Any, leaders: dict[int, dict[str, list[tuple[int, int]]]]
    ) -> dict[Place, int]:
        from aiokafka.protocol.offset import OffsetRequest

        found = {}
        for broker, topics in leaders.items():
            request = OffsetRequest(_ANY_REPLICA, _UNCOMMITTED, list(topics.items()))
            answer = await admin._send_request(request, broker)
            for topic, partitions in answer.topics:
                for partition, error, _, offset, *_ in partitions:
                    if not error:
                        found[Place(topic, partition)] = offset
        return found

    async def _sizes(self, admin: Any, brokers: list[int]) -> dict[str, int]:
        from streams.kafka.log_dirs import SizesRequest

        sizes: dict[str, int] = {}
        for broker in brokers:
            answer = await admin._send_request(SizesRequest(), broker)
            for error, _, topics in answer.folders:
                for topic, partitions in () if error else topics:
                    sizes[topic] = sizes.get(topic, 0) + sum(each[1] for each in partitions)
        return sizes
