"""What the sections of the configuration file have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from pydantic import BaseModel, ConfigDict

ID: Final = r"^[A-Za-z0-9][A-Za-z0-9._:@+-]{0,199}$"


class Section(BaseModel):
    """A section of the file; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def exactly_one(**ways: str | bool | None) -> None:
    """Refuse none, and more than one, of several ways to say the same.

    Raises
    ------
    ValueError
        Names all the ways, and those that were given.
    """
    given = [name for name, value in ways.items() if value]
    if len(given) != 1:
        found = " and ".join(given) or "none"
        raise ValueError(f"give exactly one of {', '.join(ways)}; found {found}")


def repeated(names: Iterable[str]) -> list[str]:
    """Return the names that stand more than once, in order.

    Examples
    --------
    >>> repeated(["web", "db", "web"])
    ['web']
    """
    return sorted(name for name, times in Counter(names).items() if times > 1)
