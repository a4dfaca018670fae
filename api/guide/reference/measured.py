"""Every metric that the installation's own sensors report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from api.guide.reference.tables import code, table
from streams.contracts.telemetry import RESERVED

MEASURED: Final = {
    "host": {
        "cpu_usage": "Processors busy, in percent of all; `cpu_usage:N` of one.",
        "cpu_count": "Processors.",
        "load_1m, load_5m, load_15m": "Load averages.",
        "memory_usage, swap_usage": "In use, in percent.",
        "memory_available_bytes": "Memory that may be had without swapping.",
        "processes": "Processes.",
        "uptime_seconds": "Time since the machine started.",
        "disk_usage": "Of the root file system, in percent; `disk_usage:MOUNT` of another.",
        "disk_free_bytes": "Free on the root file system.",
        "bytes_sent_per_s, bytes_recv_per_s, errin_per_s, errout_per_s": "Network.",
        "read_bytes_per_s, write_bytes_per_s": "Disks.",
        "connections, connections_time_wait": "TCP sockets.",
        "temperature": "Of the hottest sensor, in degrees Celsius.",
        "log_size_mb": "Largest log file that may be rotated.",
    },
    "service": {
        "up": "1 where it is well, 0 where it is not.",
        "restarts": "Times that it was started again.",
        "uptime_seconds": "Time since it was started.",
        "response_time_avg": "How long its health check took, in ms.",
        "port_conflict": "1 where a stranger holds its port.",
    },
    "every source": {
        "source_up": "1 where it answers, 0 where it does not; of an exporter that is `up`.",
        "source_latency_ms": "How long a look took.",
        "source_defects": "Looks that a defect of the sensor itself ended, since the node began.",
    },
    "exporter": {
        "scrape_samples": "Samples of a scrape, those that are not taken included.",
        "NAME": "A gauge, under its own name; labels follow as `:KEY-VALUE`, here and below.",
        "NAME_per_s": "A counter, without `_total`.",
        "NAME_count_per_s, NAME_mean, NAME_p95": "A histogram; a summary has its own quantiles.",
    },
    "by remote write": {
        "reported_up": "What `up` is to Prometheus: 0 where a target of the agent does not answer.",
    },
    "kafka": {
        "consumer_lag": "Records that wait for the consumer group for which most wait; "
        "`consumer_lag:GROUP` and `consumer_lag:GROUP:TOPIC` singly.",
        "records_per_s": "Records written, in all; `records_per_s:TOPIC` of one.",
        "brokers, topics, partitions": "How many there are.",
        "under_replicated_partitions, offline_partitions": "Without all replicas in sync, and "
        "without a leader.",
        "log_size_bytes": "On disk, with all replicas; `log_size_bytes:TOPIC` of one.",
    },
    "database": {
        "connections, connections_active, connections_waiting": "Of clients; the last ones wait "
        "for a lock.",
        "connections_idle_in_transaction": "Those that hold one open and do nothing.",
        "connection_usage": "Of all that may be open, in percent.",
        "database_size_bytes": "On disk.",
        "cache_hit_rate": "Share of blocks that were in its buffers, since the look before.",
        "transactions_per_s, rollbacks_per_s, deadlocks_per_s": "Since the look before.",
        "temporary_bytes_per_s": "Written because memory did not do.",
        "longest_transaction_s": "Age of the oldest one that is open.",
        "slow_queries": "Statements that run for longer than `slow_ms` now.",
        "slow_statements": "Kinds of statement whose mean is above it, by `pg_stat_statements`.",
        "statements_per_s, statement_mean_ms": "By `pg_stat_statements`, where it is installed.",
        "replicas": "Those that follow.",
        "replication_lag_s, replication_lag_bytes": "Of the replica that is furthest behind.",
    },
    "model_server": {
        "response_time_avg": "How long it took to tell its version, in ms.",
        "models, models_bytes": "What it has on disk.",
        "models_loaded": "What it has in memory.",
        "loaded_bytes, vram_bytes": "Their memory, and what of it is a graphics card's; "
        "`loaded_bytes:MODEL` and `vram_bytes:MODEL` of one.",
    },
    "cache": {
        "cache_hit_rate": "Share of lookups that found something, since the look before.",
        "memory_used_bytes, memory_usage": "In use, and in percent of its limit where it has one.",
        "memory_fragmentation_ratio": "Memory held to memory in use.",
        "keys": "In all databases.",
        "clients, clients_blocked, replicas": "Connections.",
        "commands_per_s, evictions_per_s, expirations_per_s, rejections_per_s": "Since the look "
        "before.",
        "uptime_seconds": "Time since it was started.",
    },
    "gpu": {
        "gpus": "Graphics cards.",
        "gpu_usage, gpu_memory_usage": "In percent; `gpu_usage:N` of one card, and so on.",
        "gpu_memory_used_bytes, gpu_memory_bytes": "Memory of a card.",
        "gpu_temperature, gpu_power_watts": "Of a card.",
    },
}
"""By the type of the agent; names that share a meaning are listed together."""


def measured_part() -> Iterator[str]:
    """Give the lines about telemetry."""
    reserved = " and ".join(code(name) for name in sorted(RESERVED))
    told = f"Anybody may report any other; {reserved} are taken from signed records only."
    yield from ("## Metrics in telemetry", "", told, "")
    rows = (
        (kind, ", ".join(code(name) for name in names.split(", ")), meaning)
        for kind, found in MEASURED.items()
        for names, meaning in found.items()
    )
    yield from table(("agent", "metric", "meaning"), rows)
