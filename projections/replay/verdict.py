"""What a verification found, and how it is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

_KEPT: Final = 50


@dataclass(slots=True)
class VerifyReport:
    """The outcome of folding the recorded inboxes again.

    Parameters
    ----------
    records : int
        Inbox records folded, over all passes.
    compared : int
        Records that a step would write, compared with what it wrote.
    given : int
        Recorded facts whose inbox records have expired, or that have expired themselves.
    pending : int
        Records that the steps have not written yet, past the last one that they did write.
    skipped : int
        Inbox records passed over, because the log says that the step passed them over.
    unverified : list of str
        Partitions that cannot be verified, each with its reason.
    counts : dict
        How many records are ``missing``, ``different`` or ``surplus``.
    problems : list of str
        The first of them, with coordinates and a short difference.
    """

    records: int = 0
    compared: int = 0
    given: int = 0
    pending: int = 0
    skipped: int = 0
    unverified: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Whether everything that could be compared is equal, byte for byte."""
        return not self.counts

    def add(self, name: str, what: str) -> None:
        """Note a problem of kind `name`."""
        self.counts[name] = self.counts.get(name, 0) + 1
        if len(self.problems) < _KEPT:
            self.problems.append(f"{name}: {what}")

    def summary(self) -> str:
        """Return the outcome for a person."""
        lines = [*self.problems, *(f"not verified: {reason}" for reason in self.unverified)]
        told = sum(self.counts.values())
        if told > len(self.problems):
            lines.append(f"… and {told - len(self.problems):,} more")
        verdict = ", ".join(f"{n:,} {name}" for name, n in sorted(self.counts.items()))
        lines.append(
            f"{self.records:,} inbox records folded, {self.compared:,} written records compared: "
            f"{verdict or 'equal, byte for byte'} ({self.given:,} given, {self.pending:,} not "
            f"written yet, {self.skipped:,} skipped on the record)"
        )
        return "\n".join(lines)
