"""Finds agents by their labels, and by what those say that they can do.

Labels are read row by row: they are few words of many kinds, and no index has them. A condition
beside them that an index does have, such as type or status, makes it quick.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, TextClause, text

from streams.contracts.labels import CAPABILITIES, MAX_TASKS, PROTOCOLS

_LABEL: Final = "label_"
_WORDS: Final = {"capability_": CAPABILITIES, "protocol_": PROTOCOLS}
LEAST_TASKS: Final = "least_tasks"


def asked_of_labels(
    labels: Sequence[tuple[str, str | None]],
    capabilities: Sequence[str],
    protocols: Sequence[str],
    least_tasks: int | None,
) -> dict[str, Any]:
    """Return parameters of conditions on labels, by names of which `conditions` knows.

    Parameters
    ----------
    labels : sequence of (str, str or None)
        Names with their values; None where any value will do.
    """
    asked: dict[str, Any] = {}
    for number, (name, value) in enumerate(labels):
        asked[f"{_LABEL}{number}"] = name
        if value is not None:
            asked[f"value_{number}"] = value
    for prefix, words in zip(_WORDS, (capabilities, protocols), strict=True):
        asked |= {f"{prefix}{n}": f",{word.lower()}," for n, word in enumerate(words)}
    return asked if least_tasks is None else asked | {LEAST_TASKS: least_tasks}


def is_of_labels(name: str) -> bool:
    """Say whether a parameter belongs to a condition on labels."""
    return name == LEAST_TASKS or name.startswith((_LABEL, "value_", *_WORDS))


def conditions(dialect: str, given: Sequence[str]) -> Iterator[ColumnElement[bool] | TextClause]:
    """Give the conditions that the parameters `given` stand for."""
    postgresql = dialect == "postgresql"
    for name in given:
        if name.startswith(_LABEL):
            value = _value(postgresql, f":{name}")
            wanted = f"value_{name.removeprefix(_LABEL)}"
            yield text(f"{value} = :{wanted}" if wanted in given else f"{value} IS NOT NULL")
        elif name == LEAST_TASKS:
            yield text(_least(postgresql))
        else:
            found = (label for prefix, label in _WORDS.items() if name.startswith(prefix))
            for label in found:
                yield text(_has_word(postgresql, _value(postgresql, f"'{label}'"), name))


def _value(postgresql: bool, name: str) -> str:
    if postgresql:
        return f"(labels ->> CAST({name} AS text))"
    return f"json_extract(labels, '$.\"' || {name} || '\"')"


def _has_word(postgresql: bool, value: str, name: str) -> str:
    words = f"',' || replace(lower({value}), ' ', '') || ','"
    if postgresql:
        return f"strpos({words}, CAST(:{name} AS text)) > 0"
    return f"instr({words}, :{name}) > 0"


def _least(postgresql: bool) -> str:
    value = _value(postgresql, f"'{MAX_TASKS}'")
    if postgresql:
        whole, number = f"{value} ~ '^[0-9]{{1,9}}$'", f"CAST({value} AS integer)"
    else:
        whole = f"{value} <> '' AND {value} NOT GLOB '*[^0-9]*' AND length({value}) < 10"
        number = f"CAST({value} AS INTEGER)"
    return f"CASE WHEN {whole} THEN {number} END >= :{LEAST_TASKS}"
