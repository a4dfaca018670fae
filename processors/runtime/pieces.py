"""How many records are folded before others have their turn."""

from __future__ import annotations

from typing import Final

FEWEST: Final = 250
"""Below it what folding costs by the call is more than what it costs by the record."""
MOST: Final = 4000
TURN_S: Final = 0.05
"""What a turn is to last: a worker that stands still for its session's length is no member."""


class Pieces:
    """The size of the next piece, by how long the last one took.

    A thousand heartbeats of known agents are folded within some milliseconds, and a thousand agents
    that nobody knew take a quarter of a second. How a log is cut changes nothing that is found.

    Examples
    --------
    >>> pieces = Pieces()
    >>> pieces.learn(pieces.size, 0.001)
    >>> pieces.size
    500
    >>> pieces.learn(500, 0.1)
    >>> pieces.size
    250
    """

    def __init__(self) -> None:
        self.size = FEWEST

    def learn(self, records: int, seconds: float) -> None:
        """Take in that so many records took so many seconds; fewer than `size` tell nothing."""
        if records < self.size:
            return
        fits = int(records * TURN_S / max(seconds, 1e-6))
        self.size = max(FEWEST, min(fits, 2 * self.size, MOST))
