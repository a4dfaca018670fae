"""Tells which setting is wrong, and why."""

from __future__ import annotations

from pydantic import ValidationError


class SettingsError(ValueError):
    """The environment or the configuration file cannot be used; says which key and why."""


def mistakes_in(error: ValidationError, prefix: str = "") -> str:
    """Return each mistake with its key, its value and what is wrong with it."""
    told = []
    for one in error.errors():
        key = ".".join(str(part) for part in one["loc"])
        named = prefix + key.upper() if prefix else key or "the file"
        unknown = one["type"] == "extra_forbidden"
        what = (
            "is no known key; `homeostat guide reference` has them all" if unknown else one["msg"]
        )
        value = "" if unknown or one["type"] == "missing" else f" (it is {one['input']!r:.80})"
        told.append(f"{named}: {what}{value}")
    return "; ".join(told)
