"""Metrics as text for Prometheus.

Source: Prometheus documentation, "Exposition formats", text format 0.0.4.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
Sample = tuple[Sequence[str], float]


@dataclass(frozen=True, slots=True)
class Family:
    """One metric: its name, kind, help, the names of its labels, and its samples.

    Parameters
    ----------
    kind : str
        ``gauge`` or ``counter``; a counter's name ends in ``_total``.
    samples : iterable of (label values, value)
        Each with as many values as there are `labels`.
    """

    name: str
    kind: str
    help: str
    labels: tuple[str, ...]
    samples: Iterable[Sample]

    def text(self) -> str:
        """Return the family's lines.

        Examples
        --------
        >>> print(Family("up", "gauge", "Whether it lives.", ("job",), [(("a",), 1.0)]).text())
        # HELP up Whether it lives.
        # TYPE up gauge
        up{job="a"} 1
        <BLANKLINE>
        """
        head = f"# HELP {self.name} {self.help}\n# TYPE {self.name} {self.kind}\n"
        return head + "".join(self._line(values, value) for values, value in self.samples)

    def _line(self, values: Sequence[str], value: float) -> str:
        pairs = zip(self.labels, values, strict=True)
        inner = ",".join(f'{name}="{_escaped(text)}"' for name, text in pairs)
        labels = f"{{{inner}}}" if inner else ""
        return f"{self.name}{labels} {value:.10g}\n"


def exposition(families: Iterable[Family]) -> str:
    """Return the whole text."""
    return "".join(family.text() for family in families)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
