"""Which of the workers one is that share the partitions of a log out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

GROUP: Final = "homeostat"


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a consumer group.

    Parameters
    ----------
    slot : int
        Unique among living workers: two with one slot would take turns for ever.
    partitions : int
        Of every keyed topic.
    group : str
        The consumer group that shares them out.

    Examples
    --------
    >>> Member(slot=1, partitions=12).instance
    'homeostat-1'
    """

    slot: int
    partitions: int
    group: str = GROUP

    @property
    def instance(self) -> str:
        """Its name within the group, by which the broker knows it again after a restart."""
        return f"{self.group}-{self.slot}"
