"""What a verb or a spec would do, what a look at the outside found, and that something was accepted."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from daemon.wire.entities import Phase, RateView


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
    seconds, of ``runs`` remembered, null before the first time; ``deadline`` is how long it may take."""

    step: str
    title: str
    usual: float | None
    deadline: float | None
    runs: NotRequired[int]


class PlanKept(TypedDict):
    """What a spec leaves as it is: these nodes, with so many objects."""

    nodes: list[str]
    objects: int


class PlanProfile(TypedDict):
    """So many machines of a profile are ordered."""

    profile: str
    count: int


class PlanCost(TypedDict):
    """What a plan comes to by the hour, by the operator's own price list, less what it deletes. ``text`` says it in
    words, ``unlisted`` are the profiles that the list does not have: without a list there are no ``sums``."""

    text: str
    sums: list[RateView]
    unlisted: list[str]


class PlanAgain(TypedDict):
    """What another try comes to besides its objects: it failed at ``after`` (a title; empty where it did not fail),
    ``does`` this, ``wipes`` this which is no object and cannot be brought back, and ``then`` it stands so. ``takes``
    is how many seconds that usually takes, null where a part of it was never measured."""

    after: str
    does: list[str]
    wipes: list[str]
    then: str
    takes: float | None


class PlanWait(TypedDict):
    """The limit of the daemon's own that a plan waits for longest. ``limit`` is the setting, ``value`` what it is;
    ``seconds`` is how long all its nodes wait for it, null while nobody knows how long one of them takes."""

    limit: str
    value: float
    seconds: float | None


class Plan(TypedDict):
    """What a verb or a spec would do now. ``digest`` names exactly this plan, with every attribute of what is made,
    changed and deleted, and for a spec with every setting of it. ``note`` says what could not be foreseen, ``tells`` in
    a few words where it begins, what it deletes and makes, and how long it usually takes; ``kept`` is what a spec
    leaves as it is, ``profiles`` are the machines that are ordered, ``cost`` is there where it makes or deletes what
    costs by the hour, ``again`` where something is tried once more."""

    digest: str
    target: str
    verb: str
    items: list[PlanItem]
    stages: list[PlanStage]
    sums: NotRequired[list[PlanSum]]
    note: NotRequired[str]
    tells: NotRequired[str]
    waits: NotRequired[PlanWait]
    kept: NotRequired[PlanKept]
    profiles: NotRequired[list[PlanProfile]]
    cost: NotRequired[PlanCost]
    again: NotRequired[PlanAgain]


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


class AgreedView(TypedDict):
    """How many objects of a kind are as the ledger says; ``text`` says it in words."""

    kind: str
    count: int
    text: str


class AuditView(TypedDict):
    """The answer of ``GET /v1/audit``: every difference, when it was looked at and how many seconds that took, and what
    the clouds and the ledger agree about, as far as everything could be asked. ``GET /v1/audit/last`` gives the last
    one again; without ``looked`` there was none since the daemon began."""

    findings: list[FindingView]
    looked: NotRequired[float]
    seconds: NotRequired[float]
    agree: NotRequired[list[AgreedView]]


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


class SpecMark(TypedDict):
    """What became of a line of a spec, counted from 1: where a node stands, with its phase and an address, or
    ``differs``: what is in force as long as that line is not."""

    line: int
    text: str
    phase: NotRequired[Phase]
    address: NotRequired[str]
    differs: NotRequired[bool]


class SpecApplied(TypedDict):
    """When a spec was applied last, by whom, and the revision of that."""

    time: float
    by: str
    revision: int


class DraftView(TypedDict):
    """A spec that somebody writes and has not applied yet, by the name of the cluster it is for: kept at ``time``,
    ``by`` whom. ``spec`` is there where one is asked for."""

    name: str
    time: float
    by: str
    spec: NotRequired[str]


class DraftList(TypedDict):
    """The answer of ``GET /v1/drafts``: every draft without its text, the newest first; 50 are kept at most."""

    drafts: list[DraftView]


class SpecText(TypedDict):
    """The answer of ``GET /v1/specs/NAME``: the spec that is in force, or waits to be, as YAML, what became of its
    lines, when it was applied last as far as the log is kept, and a draft of it if there is one. A daemon of an older
    version tells the text alone."""

    cluster: str
    spec: str
    marks: NotRequired[list[SpecMark]]
    applied: NotRequired[SpecApplied]
    draft: NotRequired[DraftView]


class SpecMistake(TypedDict):
    """One thing that is wrong in a spec, and where; lines and columns count from 1."""

    line: int | None
    column: int | None
    message: str
