r"""Prometheus' text format, read; and OpenMetrics, which adds to it.

A sample's name and labels are kept as they are written, because the same ones come again with each
scrape; `labels_of` takes them apart.

Source: *Exposition formats* of Prometheus (text format 0.0.4) and OpenMetrics 1.0.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

OPENMETRICS: Final = "application/openmetrics-text"
ACCEPTED: Final = f"{OPENMETRICS};version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5"
_LABELS: Final = r'\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\}'
_NAME: Final = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_SAMPLE: Final = re.compile(
    rf"({_NAME}(?:[ \t]*{_LABELS})?)[ \t]*([^ \t#{{}}]+)"
    r"(?:[ \t]+(-?[0-9.eE+-]+))?[ \t]*(#.*)?"
)
_LABEL: Final = re.compile(
    r'[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*(,|$)'
)
_ESCAPE: Final = re.compile(r"\\(.)")
_ESCAPED: Final = {"n": "\n", '"': '"', "\\": "\\"}
_SHOWN: Final = 80


class Malformed(ValueError):
    """What was scraped is not in the format that it claims; names the line."""


class Exposed(NamedTuple):
    """What one scrape found.

    Parameters
    ----------
    types : dict of str to str
        Of each family: counter, gauge, histogram, summary and so on.
    samples : list of (str, float)
        Name and labels as written, and the value.
    """

    types: dict[str, str]
    samples: list[tuple[str, float]]


def parse(text: str, *, openmetrics: bool = False) -> Exposed:
    r"""Return what `text` exposes.

    Raises
    ------
    Malformed
        For the first line that breaks the format; nothing is known then, because half of a scrape
        looks like a restart.

    Examples
    --------
    >>> parse('# TYPE hits counter\nhits{path="/"} 7 1700000000000\nup 1\n')
    Exposed(types={'hits': 'counter'}, samples=[('hits{path="/"}', 7.0), ('up', 1.0)])
    """
    found = Exposed({}, [])
    lines = text.split("\n")
    if openmetrics and [line for line in lines if line][-1:] != ["# EOF"]:
        raise Malformed("it does not end with # EOF: a part is missing")
    for number, line in enumerate(lines, 1):
        bare = line.strip(" \t\r")
        if bare.startswith("#"):
            _comment(bare, found.types)
        elif bare:
            found.samples.append(_sample(number, bare, openmetrics))
    return found


def _comment(line: str, types: dict[str, str]) -> None:
    words = line.split(None, 3)
    if len(words) == 4 and words[:2] == ["#", "TYPE"]:
        types[words[2]] = words[3].strip().lower()


def _sample(number: int, line: str, openmetrics: bool) -> tuple[str, float]:
    parts = _SAMPLE.fullmatch(line)
    if parts is None or (parts[4] is not None and not openmetrics):
        raise Malformed(f"line {number} is no sample: {line[:_SHOWN]!r}")
    try:
        return parts[1], _number(parts[2])
    except ValueError as error:
        raise Malformed(f"line {number} has no number: {line[:_SHOWN]!r}") from error


def _number(text: str) -> float:
    if "_" in text:  # which Python takes for a separator of digits
        raise ValueError(text)
    return float.fromhex(text) if "x" in text.lower() else float(text)


def labels_of(head: str) -> tuple[str, dict[str, str]]:
    r"""Return the name and the labels of a sample as it was written.

    Raises
    ------
    Malformed
        Where the labels are none.

    Examples
    --------
    >>> labels_of('hits{path="C:\\\\",said="\\"a\\"",}')
    ('hits', {'path': 'C:\\', 'said': '"a"'})
    """
    name, brace, rest = head.partition("{")
    labels: dict[str, str] = {}
    inner, place = rest[:-1].strip(), 0
    while brace and place < len(inner):
        pair = _LABEL.match(inner, place)
        if pair is None:
            raise Malformed(f"labels cannot be read: {head[:_SHOWN]!r}")
        labels[pair[1]] = _unescaped(pair[2])
        place = pair.end()
    return name.rstrip(), labels


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[0]), text)
