"""Clusters and nodes as a client sees them, their steps, their verbs, and a line of their log."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

Phase = Literal["waiting", "working", "ok", "attention", "failed", "releasing", "released"]
"""What a state means to a person, whatever the platform: the only thing a client draws by."""

PHASES: tuple[Phase, ...] = ("waiting", "working", "ok", "attention", "failed", "releasing", "released")


class RemedyView(TypedDict):
    """One thing a person can do now. ``wait``: nothing; ``outside``: something in the world; ``spec``: change
    ``setting`` in the spec and apply it; ``command``: run ``command``; ``verb``: give ``verb`` to ``target``."""

    kind: Literal["wait", "outside", "spec", "command", "verb"]
    text: str
    verb: NotRequired[str]
    target: NotRequired[str]
    command: NotRequired[str]
    setting: NotRequired[str]


class ErrorView(TypedDict):
    """What went wrong, in one sentence each; ``evidence`` is kept verbatim from the outside. ``remedy`` says what can
    be done now, which ``remedies`` hold as data."""

    code: str
    message: str
    remedy: str
    remedies: NotRequired[list[RemedyView]]
    retry: Literal["never", "later", "now"]
    evidence: NotRequired[str]


class ResourceView(TypedDict):
    """One object the daemon made or is about to make. ``state``: intended, present, deleting, gone. ``missed`` is there
    where the last audit did not find it outside: when one missed it first."""

    kind: str
    id: str | None
    name: str
    state: str
    missed: NotRequired[float]


class Outlook(TypedDict):
    """What is to be expected, by what things took before; each part is absent where nothing was measured. ``share`` of
    the whole way, by time, is done (0 to 1). It is ready at ``ready_at``, and in 95 of 100 cases by ``by95``, by what
    is known of at least ``runs`` runs of each step. From ``late`` on its step takes longer than 95 of 100 did."""

    share: NotRequired[float]
    ready_at: NotRequired[float]
    by95: NotRequired[float]
    runs: NotRequired[int]
    late: NotRequired[float]


class RateView(TypedDict):
    """Money by the hour, by the operator's own price list, which is of the day ``as_of``."""

    currency: str
    as_of: str
    hour: float


class SpentView(RateView):
    """An ``amount`` so far, and what it grows by in an hour."""

    amount: float


class UseView(TypedDict):
    """How long a cluster had objects of a kind that costs by the hour, since it was ordered, those that are gone
    included: ``seconds`` of all of them at the moment ``at``, since when so many are ``running`` and each adds a second
    a second. ``text`` names an hour of it: ``server hours``. ``spent`` is there where the price list has all of it."""

    kind: str
    text: str
    seconds: float
    running: int
    at: float
    spent: NotRequired[list[SpentView]]


class EntityView(TypedDict):
    """A node or a cluster as a client sees it. ``console`` is there where the platform of a node opens consoles,
    ``login`` where that of a cluster makes passwords for people. ``urgency``: 0 needs a person now, 1 its rollback is
    blocked, 2 is held, 3 is slow, 4 works, 5 waits, 6 is well, 7 nothing is left of it. ``needs_person``: nothing will
    move it by itself. A daemon of an older version tells neither, nor an ``outlook``. ``uses`` is there where all was
    measured that a cluster has and had of what costs by the hour."""

    name: str
    kind: Literal["cluster", "node"]
    cluster: str
    platform: str
    state: str
    title: str
    phase: Phase
    step: str | None
    step_index: int
    step_count: int
    progress: float | None
    attempt: int
    protected: bool
    stop_after: str | None
    since: float
    deadline: float | None
    waiting_for: str | None
    evidence: str | None
    error: ErrorView | None
    remedies: list[RemedyView]
    """What a person can do now; empty where it moves by itself or nothing is to be done."""
    wish: str | None
    can: dict[str, str | None]
    addresses: dict[str, str]
    resources: list[ResourceView]
    console: NotRequired[bool]
    login: NotRequired[bool]
    urgency: NotRequired[int]
    needs_person: NotRequired[bool]
    outlook: NotRequired[Outlook]
    uses: NotRequired[list[UseView]]


class EventView(TypedDict):
    """One line of the log. ``revision`` is its place in the daemon's history, without gaps."""

    revision: int
    time: float
    cluster: str
    node: str | None
    kind: Literal["transition", "verb", "call", "boot", "log", "error", "note"]
    level: Literal["debug", "info", "warning", "error"]
    actor: str
    message: str
    data: dict[str, Any]


Nature = Literal["cloud", "waits", "machine", "pending", "ready", "well", "stopped", "undone", "released"]
"""What goes on in a state: a step calls a service, waits for a machine, or lets it work; else it has not begun, is
ready and waits for others, is well at the end of its way, is stopped, is undone, or nothing is left of it."""


class StepTiming(TypedDict):
    """One stay in one state. ``ended`` is null for the one that lasts. ``mark``: it began with a failure, or with a try
    anew. ``why`` is what was said of a failure, where a detail tells it. A daemon of an older version tells no
    ``nature`` and no mark, and none is known of a state that no table has any more."""

    state: str
    title: str
    attempt: int
    started: float
    ended: float | None
    nature: NotRequired[Nature]
    mark: NotRequired[Literal["failed", "retried"]]
    why: NotRequired[str]


class SpanView(TypedDict):
    """How long a step usually takes, where it stands on the way of one try."""

    state: str
    nature: Nature
    begins: float
    ends: float


class TimelineView(TypedDict):
    """What a node or cluster went through, in order. ``usual`` is the usual way of each of its tries from when it
    began, as far as it was measured; ``ready_at`` is there where it is known when it is ready."""

    name: str
    kind: Literal["cluster", "node"]
    cluster: str
    stays: list[StepTiming]
    usual: list[SpanView]
    ready_at: NotRequired[float]


class TimelineList(TypedDict):
    """The answer of ``GET /v1/timelines``: those of the names that there are, in the order asked for, at most 60.
    ``now`` is the daemon's time."""

    now: float
    timelines: list[TimelineView]


class UsualView(TypedDict):
    """What a step took before, in seconds: the median of the ``runs`` remembered, and what 95 of 100 did not exceed;
    null while too few are known."""

    usual: float | None
    slow_after: float | None
    runs: int


class StepView(TypedDict):
    """One step of a kind, the ``place``-th of its way. ``deadline`` is the one that ships; a spec may give another.
    In seconds: ``usual`` is the median of the ``runs`` remembered, ``slow_after`` what 95 of 100 did not exceed;
    null while too few are known. Of these are the first tries; where a step was tried once more, ``again`` holds the
    same. ``short`` is the title in at most 14 cells, ``nature`` whether the step calls a service, waits for a machine
    to show itself, or lets a machine work."""

    name: str
    title: str
    place: int
    deadline: float | None
    usual: float | None
    slow_after: float | None
    runs: int
    short: NotRequired[str]
    nature: NotRequired[Literal["cloud", "waits", "machine"]]
    again: NotRequired[UsualView]


class Steps(TypedDict):
    """The answer of ``GET /v1/steps``: platform → node or cluster → its steps in order."""

    steps: dict[str, dict[str, list[StepView]]]


class PromptView(TypedDict):
    """How a verb is asked for. ``{}`` in the question is whom it is for, ``{step}`` the step it names; ``accepted``
    follows a name; ``mild`` is said in place of the promise where the plan holds nothing, empty where nothing is."""

    question: str
    promise: str
    accepted: str
    mild: str


class VerbView(PromptView):
    """One verb of a kind. ``does`` is half a sentence, ``help`` one or two. ``consent`` is what is needed before it is
    given: nothing, a yes, a yes under its plan, or the name in full. ``deletes``: whether its plan deletes something.
    ``step``: whether it may name one, from which it begins or after which it takes effect, and then ``at_step`` is how
    it is asked for. ``goal``: what to wait for until it is done, null where there is nothing."""

    name: str
    does: str
    help: str
    consent: Literal["none", "ask", "plan", "name"]
    deletes: Literal["never", "maybe", "always"]
    step: Literal["from", "after"] | None
    at_step: PromptView | None
    goal: Literal["active", "gone"] | None


VerbTable = dict[str, dict[str, list[VerbView]]]
"""Platform → node or cluster → its verbs, in the order in which they are offered."""


class VerbList(TypedDict):
    """The answer of ``GET /v1/verbs``: platform → node or cluster → its verbs, in the order in which they are
    offered. ``commands``: platform → what it has beside its verbs, ``login`` or ``console``."""

    verbs: VerbTable
    commands: dict[str, list[str]]
