"""What all tables share: one metadata object, names of constraints, portable column types."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import JSON, BigInteger, Column, Double, Integer, MetaData, String, Text

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

BIG: Final = BigInteger().with_variant(Integer(), "sqlite")
"""A 64-bit number; SQLite counts up by itself only where the type is called INTEGER."""


def ident(name: str, *, key: bool = False) -> Column[str]:
    """Return a column for an id of up to 400 characters (``tenant/agent`` fits)."""
    return Column(name, String(400), primary_key=key, nullable=False, default="")


def text(name: str) -> Column[str]:
    """Return a column for text of any length."""
    return Column(name, Text, nullable=False, default="")


def moment(name: str, *, nullable: bool = True) -> Column[float]:
    """Return a column for seconds since the epoch; NULL where it did not happen."""
    return Column(name, Double, nullable=nullable)


def number(name: str) -> Column[float]:
    """Return a column for a measurement that may be missing."""
    return Column(name, Double, nullable=True)


def count(name: str, *, key: bool = False) -> Column[int]:
    """Return a column for a whole number."""
    return Column(name, BIG, primary_key=key, autoincrement=False, nullable=False, default=0)


def whole(name: str) -> Column[int]:
    """Return a column for a whole number that may be missing."""
    return Column(name, BIG, nullable=True)


def document(name: str, *, nullable: bool = False) -> Column[Any]:
    """Return a column for JSON."""
    return Column(name, JSON(none_as_null=nullable), nullable=nullable)
