"""The words of the socket API: what the daemon says and what its clients may ask.

Everything here is plain JSON once it is on the wire. Times are Unix seconds as floats, in the daemon's own
time (see ``Snapshot.now`` and ``Snapshot.speed``). ``docs/api.md`` describes the endpoints.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

API_VERSION = 1

Phase = Literal["waiting", "working", "ok", "attention", "failed", "releasing", "released"]
"""What a state means to a person, whatever the platform: the only thing a client draws by."""

PHASES: tuple[Phase, ...] = ("waiting", "working", "ok", "attention", "failed", "releasing", "released")

SPEC_LIMIT = 256 * 1024
"""Bytes of a spec that are read: ten thousand nodes by name. The reading of it takes a few seconds."""
LAST_REVISION = 10**18 - 1
"""The largest revision that anybody may ask for."""

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_NO_DAEMON = 3
EXIT_REFUSED = 4
EXIT_TIMED_OUT = 5
EXIT_INTERRUPTED = 130


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


class EntityView(TypedDict):
    """A node or a cluster as a client sees it. ``console`` is there where the platform of a node opens consoles,
    ``login`` where that of a cluster makes passwords for people."""

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


class StepTiming(TypedDict):
    """One stay in one state. ``ended`` is null for the one that lasts."""

    state: str
    title: str
    attempt: int
    started: float
    ended: float | None


class StepView(TypedDict):
    """One step of a kind, the ``place``-th of its way. ``deadline`` is the one that ships; a spec may give another.
    In seconds: ``usual`` is the median of the ``runs`` remembered, ``slow_after`` what 95 of 100 did not exceed;
    null while too few are known."""

    name: str
    title: str
    place: int
    deadline: float | None
    usual: float | None
    slow_after: float | None
    runs: int


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
    written."""

    daemon: DaemonView
    revision: int
    now: float
    speed: float
    clusters: list[EntityView]
    nodes: list[EntityView]
    verbs: NotRequired[VerbTable]
    unwritten: NotRequired[UnwrittenView]


class PlanItem(TypedDict):
    """One thing that will be done. ``action``: create, delete, or change for a setting of the spec.

    ``about`` says what the object will be or is like, by the names of its attributes; ``before`` and ``after`` are
    there for a change.
    """

    action: Literal["create", "delete", "change"]
    owner: str
    kind: str
    name: str
    id: str | None
    about: NotRequired[dict[str, Any]]
    before: NotRequired[Any]
    after: NotRequired[Any]


class PlanSum(TypedDict):
    """How many of a kind a plan makes, changes or deletes; ``text`` says it in words: ``3 servers of …``."""

    action: Literal["create", "delete", "change"]
    kind: str
    count: int
    text: str


class PlanStage(TypedDict):
    """One step that a plan goes through, in its order. ``usual`` is the median of how long it took before, in
    seconds, null before the first time; ``deadline`` is how long it may take."""

    step: str
    title: str
    usual: float | None
    deadline: float | None


class PlanWait(TypedDict):
    """The limit of the daemon's own that a plan waits for longest. ``limit`` is the setting, ``value`` what it is;
    ``seconds`` is how long all its nodes wait for it, null while nobody knows how long one of them takes."""

    limit: str
    value: float
    seconds: float | None


class Plan(TypedDict):
    """What a verb or a spec would do now. ``digest`` names exactly this plan, with every attribute of what is made,
    changed and deleted, and for a spec with every setting of it. ``note`` says what could not be foreseen, ``tells`` in
    a few words where it begins, what it deletes and makes, and how long it usually takes."""

    digest: str
    target: str
    verb: str
    items: list[PlanItem]
    stages: list[PlanStage]
    sums: NotRequired[list[PlanSum]]
    note: NotRequired[str]
    tells: NotRequired[str]
    waits: NotRequired[PlanWait]


class CheckView(TypedDict):
    """One line of a preflight; ``setting`` is what has to change in the spec, empty where that does not help."""

    name: str
    result: Literal["passed", "failed", "unknown"]
    detail: str
    remedy: str
    setting: NotRequired[str]


class FindingView(TypedDict):
    """One difference between a cloud and the ledger. ``unknown``: ours by its name, but in no ledger row;
    ``missing``: in the ledger, but gone; ``unasked``: something that could not be asked. ``command`` is what a person
    can do about it, as its node stands now. ``about``: of an unknown one ``state``, ``address`` and ``created`` (Unix
    seconds), as far as they are known."""

    finding: Literal["unknown", "missing", "unasked"]
    kind: str
    name: str
    id: str
    owner: str | None
    command: str
    about: dict[str, Any]


class StreamLine(TypedDict):
    """One NDJSON line of ``GET /v1/events``; which other keys are there depends on ``type``.

    A ``gap`` says that lines up to its revision, which were asked for, are no longer kept.
    ``left`` is there when the state was asked for in pieces: how many nodes are still to come. ``unwritten`` is in
    a snapshot and in every heartbeat while the database cannot be written.
    """

    type: Literal["snapshot", "nodes", "change", "removed", "event", "gap", "heartbeat", "lagged"]
    revision: int
    now: float
    snapshot: NotRequired[Snapshot]
    nodes: NotRequired[list[EntityView]]
    left: NotRequired[int]
    entity: NotRequired[EntityView]
    name: NotRequired[str]
    event: NotRequired[EventView]
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


class Detail(TypedDict):
    """A node or a cluster with its stays in each state, in the order in which they began. ``screen`` is there for a
    node whose boot or installation failed, and whose console could be looked at then."""

    entity: EntityView
    timeline: list[StepTiming]
    screen: NotRequired[ScreenView]


class Accepted(TypedDict):
    """A verb that is durable: it will be carried out even if the daemon dies now. ``along`` are the nodes that are
    tried again with their cluster, because they stand in its way."""

    accepted: bool
    revision: int
    along: list[str]


class Applied(TypedDict):
    """A spec that is durable. ``changed`` is false when it says what is in force already."""

    cluster: str
    changed: bool
    revision: int


class SpecText(TypedDict):
    """The answer of ``GET /v1/specs/NAME``: the spec that is in force, or waits to be, as YAML."""

    cluster: str
    spec: str


ConsoleEnd = Literal["left", "ended", "taken_over", "slow", "stopped"]
"""How a session on a console ended: the person left, the other side ended it, somebody took it over, the person's end
took nothing any more, the daemon stops."""


class ConsoleLine(TypedDict):
    """A text on the WebSocket of a console, beside the bytes: ``opened`` comes first and ``ended``, with how in
    ``end``, last. ``message`` is a sentence for the person, or empty."""

    type: Literal["opened", "ended"]
    message: str
    end: ConsoleEnd | None


class SpecMistake(TypedDict):
    """One thing that is wrong in a spec, and where; lines and columns count from 1."""

    line: int | None
    column: int | None
    message: str
