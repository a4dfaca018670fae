"""The log partition by partition, and the workers, as families."""

from __future__ import annotations

from typing import Final

from api.exposition import Family
from projections.queries.health import SystemHealth

WORKER_LATE_S: Final = 60.0
"""A worker that said nothing for so long is not told of."""
_SAID: Final = (
    ("records_per_s", "homeostat_worker_records_per_second", "Records that a worker folds."),
    ("consumer_lag", "homeostat_worker_lag_records", "Records that wait in a worker's inboxes."),
    ("snapshot_age_s", "homeostat_worker_snapshot_age_seconds", "How long a snapshot is due."),
)


def lag_family(health: SystemHealth) -> Family:
    """Return what each partition has that the views do not show yet.

    A partition is left out while the broker does not answer: where it ends is then unknown.
    """
    told = "Records of a partition that the views are behind."
    samples = [
        ((p.topic, str(p.partition)), float(p.lag)) for p in health.partitions if p.lag is not None
    ]
    return Family("homeostat_partition_lag_records", "gauge", told, ("topic", "partition"), samples)


def worker_families(workers: dict[str, dict[str, float]]) -> list[Family]:
    """Return what each worker last said of itself."""
    return [
        Family(
            name,
            "gauge",
            told,
            ("worker",),
            [((worker,), said[key]) for worker, said in workers.items() if key in said],
        )
        for key, name, told in _SAID
    ]
