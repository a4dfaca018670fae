"""Why a record was not accepted.

::

    ContractError
    ├── MalformedRecord     it cannot be read at all (JSON, encoding, size, depth)
    ├── InvalidField        it can be read, but a field is wrong: names field, value and remedy
    ├── Untrusted           a control record without a valid signature, or a foreign tenant
    └── UnknownVersion      a type or version that this code has no upcaster for
"""

from __future__ import annotations


class ContractError(Exception):
    """A record breaks the contract of its topic.

    Parameters
    ----------
    reason : str
        A short, stable name in snake case: the label of counters and dead letters.
    detail : str
        A sentence for a person: the field, the value and the remedy.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class MalformedRecord(ContractError):
    """The bytes are not a record of this topic."""


class InvalidField(ContractError):
    """One field holds what it may not hold."""

    def __init__(self, reason: str, field: str, value: object, remedy: str) -> None:
        shown = repr(value)
        if len(shown) > 80:
            shown = shown[:77] + "..."
        super().__init__(reason, f"{field} is {shown}; {remedy}")
        self.field = field


class Untrusted(ContractError):
    """The record claims a right that it does not prove."""


class UnknownVersion(ContractError):
    """No upcaster leads from this version to the present one."""
