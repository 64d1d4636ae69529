"""The picture of a cluster: its networks, its members, its services, and who waits for whom."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from daemon.wire.entities import Phase

MapSign = Literal[
    "waiting", "working", "ok", "attention", "failed", "releasing", "released", "unasked", "none"
]
"""What was asked and answered, as a phase says it; ``unasked``: nobody has asked yet; ``none``: it is no answer."""


class MapRow(TypedDict):
    """One line of a box. ``seen`` is when it was asked and answered; from ``old_at`` on that is too long ago to be
    taken for the present."""

    sign: MapSign
    what: str
    value: str
    seen: NotRequired[float]
    old_at: NotRequired[float]


class MapBox(TypedDict):
    """A member, or a service of the whole. ``beside`` is a word that tells it from others, ``rails`` are the networks
    on which it hangs, ``inside`` names the box that it is in, ``address`` is where a person finds it."""

    name: str
    beside: str
    phase: Phase
    rails: list[str]
    rows: list[MapRow]
    inside: NotRequired[str]
    address: NotRequired[str]


class MapRail(TypedDict):
    """A network. ``about`` tells of it in a few words."""

    name: str
    about: str


class MapEdge(TypedDict):
    """These wait for ``whom``, for ``why``: since when, until when at most, and when it is expected to be over, as far
    as that is known."""

    who: list[str]
    whom: str
    why: str
    since: NotRequired[float]
    until: NotRequired[float]
    ready_at: NotRequired[float]


class MapNote(TypedDict):
    """A fact about the whole, in words of the platform."""

    what: str
    text: str


class MapView(TypedDict):
    """The answer of ``GET /v1/clusters/NAME/map``: at most 200 ``members``, the most urgent ones if there are more, and
    how many are ``left`` out. ``now`` is the daemon's time, ``title`` how the cluster stands."""

    cluster: str
    title: str
    phase: Phase
    now: float
    rails: list[MapRail]
    services: list[MapBox]
    members: list[MapBox]
    left: int
    edges: list[MapEdge]
    notes: list[MapNote]
