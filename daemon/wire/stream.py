"""The state as a whole, the stream of what changes, and the answers of requests that only look."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from daemon.wire.calls import CallRates, CallView
from daemon.wire.entities import EntityView, EventView, StepTiming, VerbTable
from daemon.wire.troubles import NextView, TroubleView


class DaemonView(TypedDict):
    """Who answers. A new ``id`` means another database: throw away what was remembered."""

    id: str
    version: str
    api: int
    environment: str
    started: float


class UnwrittenView(TypedDict):
    """The daemon cannot write its database, ``since`` when and why: what it tells is of then, and it calls nothing
    outside."""

    since: float
    problem: str


class Snapshot(TypedDict):
    """Everything at one revision. ``speed`` is how many daemon seconds pass in one real second. ``verbs`` are those of
    each platform (absent in a recording of an older version), ``unwritten`` is there while the database cannot be
    written. ``troubles`` are the causes of what stopped, the oldest first, and ``next`` says what comes next. ``rates``
    are those of the calls to things outside."""

    daemon: DaemonView
    revision: int
    now: float
    speed: float
    clusters: list[EntityView]
    nodes: list[EntityView]
    verbs: NotRequired[VerbTable]
    unwritten: NotRequired[UnwrittenView]
    troubles: NotRequired[list[TroubleView]]
    next: NotRequired[NextView]
    rates: NotRequired[CallRates]


class StreamLine(TypedDict):
    """One NDJSON line of ``GET /v1/events``; which other keys are there depends on ``type``.

    A ``gap`` says that lines up to its revision, which were asked for, are no longer kept.
    ``left`` is there when the state was asked for in pieces: how many nodes are still to come. ``unwritten`` is in
    a snapshot and in every heartbeat while the database cannot be written. A ``trouble`` tells all causes anew, and
    what comes next. A ``call`` to something outside is told within a second, without its bodies, and
    ``rates`` at most once a second, where they are others.
    """

    type: Literal[
        "snapshot",
        "nodes",
        "change",
        "removed",
        "event",
        "call",
        "rates",
        "trouble",
        "gap",
        "heartbeat",
        "lagged",
    ]
    revision: int
    now: float
    snapshot: NotRequired[Snapshot]
    nodes: NotRequired[list[EntityView]]
    left: NotRequired[int]
    entity: NotRequired[EntityView]
    name: NotRequired[str]
    event: NotRequired[EventView]
    call: NotRequired[CallView]
    rates: NotRequired[CallRates]
    troubles: NotRequired[list[TroubleView]]
    next: NotRequired[NextView]
    unwritten: NotRequired[UnwrittenView]


class Health(TypedDict):
    """The answer of ``GET /v1/healthz``."""

    ok: bool
    daemon: DaemonView
    problems: list[str]


class Log(TypedDict):
    """A piece of the log, oldest line first, and the revision the daemon was at when it cut it. ``begins`` is the
    revision from which on every line is kept."""

    events: list[EventView]
    revision: int
    begins: NotRequired[int]


class ScreenView(TypedDict):
    """What the console of a machine showed when its boot or installation failed: its last lines as plain text."""

    time: float
    lines: list[str]


class PhaseView(TypedDict):
    """One phase of an installer, as it calls it. In seconds ``usual`` is the median of how long it took before, null
    before the first time; ``ended`` is null while it lasts."""

    phase: int
    title: str
    began: float
    ended: float | None
    usual: float | None


class ToComeView(TypedDict):
    """The phases of an installer that are still to come, from ``first`` to ``last``. ``usual`` is how many seconds they
    took before in all, null where one of them was never measured."""

    first: int
    last: int
    usual: float | None


class BootView(TypedDict):
    """One boot of a machine that installs. ``points`` are at most 64 of a moment and the share that was done then, from
    0 to 1; ``ended`` is null while it lasts. ``usual_share`` is what is usually done at its age, where every phase was
    measured before. ``of`` is how many phases its installer has, where that was
    said, and ``to_come`` which of them are still to come, while it lasts."""

    boot: int
    began: float
    ended: float | None
    failed: bool
    phases: list[PhaseView]
    points: list[list[float]]
    usual_share: NotRequired[float]
    of: NotRequired[int]
    to_come: NotRequired[ToComeView]


class Detail(TypedDict):
    """A node or a cluster with its stays in each state, in the order in which they began. ``boots`` are the last boots
    of the machine of a node that an installer reports of. ``screen`` is there for a
    node whose boot or installation failed, and whose console could be looked at then."""

    entity: EntityView
    timeline: list[StepTiming]
    boots: NotRequired[list[BootView]]
    screen: NotRequired[ScreenView]


ConsoleEnd = Literal["left", "ended", "taken_over", "slow", "stopped"]
"""How a session on a console ended: the person left, the other side ended it, somebody took it over, the person's end
took nothing any more, the daemon stops."""


class ConsoleLine(TypedDict):
    """A text on the WebSocket of a console, beside the bytes: ``opened`` comes first and ``ended``, with how in
    ``end``, last. ``message`` is a sentence for the person, or empty."""

    type: Literal["opened", "ended"]
    message: str
    end: ConsoleEnd | None
