"""Where a key lives: Kafka's murmur2, as the Java client and aiokafka compute it.

Source: Austin Appleby's MurmurHash2 (public domain), with the seed and the sign mask of Apache
Kafka's default partitioner.
"""

from __future__ import annotations

_M = 0x5BD1E995
_SEED = 0x9747B28C
_MASK = 0xFFFFFFFF


def murmur2(key: bytes) -> int:
    """Return the 32-bit murmur2 hash of `key`, unsigned.

    Examples
    --------
    >>> murmur2(b"21") - (1 << 32)
    -973932308
    >>> murmur2(b"foobar") - (1 << 32)
    -790332482
    """
    length = len(key)
    h = _SEED ^ length
    whole = length & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(key[i : i + 4], "little") * _M & _MASK
        k = (k ^ (k >> 24)) * _M & _MASK
        h = (h * _M & _MASK) ^ k
    if length > whole:
        h = (h ^ int.from_bytes(key[whole:], "little")) * _M & _MASK
    h = (h ^ (h >> 13)) * _M & _MASK
    return h ^ (h >> 15)


def partition_for(key: bytes, partitions: int) -> int:
    """Return the home partition of `key` among `partitions`."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions
