"""Requests that name a key, so that a repeated one is done once (`Idempotency-Key`)."""

from __future__ import annotations

import msgspec


class RequestClaimed(msgspec.Struct, frozen=True):
    """An API process is about to do what a request asks for, unless another did or does.

    The order of the topic decides. `key` is a hash of the tenant, of who asks and of the key that
    was given; `fingerprint` one of all that the request says. The event's id names the claim.
    """

    key: str
    fingerprint: str


class RequestSettled(msgspec.Struct, frozen=True):
    """What became of a claim.

    Parameters
    ----------
    claim : str
        The id of its event.
    outcome : str
        ``answered`` keeps the answer for whoever asks again; ``refused`` did nothing and gives
        the key back; ``failed`` may have been done, and may be tried again at once.
    status : int
        The answer's.
    media_type, body : str
        The answer, where it is kept; what is shown once is not.
    """

    key: str
    claim: str
    outcome: str
    status: int
    media_type: str = ""
    body: str = ""
