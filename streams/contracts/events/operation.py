"""What people ask of many agents at once."""

from __future__ import annotations

import msgspec


class OperationRequested(msgspec.Struct, frozen=True):
    """A person asks the same of many agents; what is asked of each follows, by an event of its own.

    Parameters
    ----------
    operation_id : str
        Also the correlation id of what is asked of each.
    operation : str
        maintenance, release, quarantine, decommission or relearn.
    agents : list of str
        Ids of all that it is asked of, as they were chosen at that moment.
    chosen_by : dict of str to str
        The conditions that chose them; empty where they were named.
    reason : str
        Why, in the person's words.
    requested_by : str
        Who.
    """

    operation_id: str
    operation: str
    agents: list[str]
    chosen_by: dict[str, str]
    reason: str
    requested_by: str
