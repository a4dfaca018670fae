"""How much may be silenced, and for how long."""

from __future__ import annotations

from config.quantities import AtLeastOne, Duration, PolicyPart


class SilencePolicy(PolicyPart, frozen=True):
    """Limits of silences.

    Parameters
    ----------
    max_per_tenant : int
        Silences of a tenant that are in force or to come; more are refused.
    longest_s : float
        How long one may last.
    longest_recurring_s : float
        For how long windows may come back before somebody has to look at them again.
    """

    max_per_tenant: AtLeastOne = 100
    longest_s: Duration = 2_592_000.0
    longest_recurring_s: Duration = 63_072_000.0
