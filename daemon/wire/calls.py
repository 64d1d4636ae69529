"""A call to something outside, as it is told."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class CallView(TypedDict):
    """One call to something outside, for the node or cluster ``target``; null where it was made for none. ``id`` counts
    up. ``intent`` is what it is for, in the words of the driver, and ``tries`` which try of it this is: 1, and more
    after failed ones. ``server`` was asked, at ``path``; ``status`` is null where there was none, and ``why`` says why
    if there should have been one. ``ms`` are milliseconds of the daemon's time. ``failed``: it came to nothing; who
    looks for what is not there has his answer. ``request_id`` is the service's own name for it, absent where it gives
    none. ``query``, ``sent`` and ``answered`` are there when bodies are asked for; those of a look that was answered
    are not kept. No secret stands in it."""

    id: int
    time: float
    target: str | None
    intent: str
    tries: int
    service: str
    method: str
    server: str
    path: str
    status: int | None
    failed: bool
    ms: float
    why: NotRequired[str]
    request_id: NotRequired[str]
    query: NotRequired[str]
    sent: NotRequired[str]
    answered: NotRequired[str]


class CallList(TypedDict):
    """The answer of ``GET /v1/calls``: a piece of what is kept, oldest first. The last 10,000 calls are kept, of the
    last seven days."""

    calls: list[CallView]


class CallRates(TypedDict):
    """How many calls to things outside were over in each of the last twelve ``minutes`` of the daemon's time, the
    oldest first, and how many of them were answered with 5xx. A minute ends with a whole ten seconds."""

    minutes: list[int]
    server_errors: int
