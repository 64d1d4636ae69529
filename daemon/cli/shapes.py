"""What each command prints with --json, as types; `docs/json.md` is made from here."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from daemon.wire import (
    Accepted,
    Applied,
    CallList,
    CheckView,
    Detail,
    DraftList,
    EntityView,
    EventView,
    FindingView,
    Log,
    MapView,
    Offers,
    Plan,
    RemedyView,
    Snapshot,
    SpecText,
    TimelineList,
    Troubles,
)
from state_machines.verbs import SHARED


class Waited(TypedDict):
    """How a wait ended: its exit code, the same in words, and how everything concerned stood then."""

    exit_code: int
    message: str
    entities: list[EntityView]


class VerbAnswer(Accepted):
    """A verb that was accepted; with --wait, how that ended."""

    waited: NotRequired[Waited]


class ApplyAnswer(Applied):
    """A spec that was accepted; with --wait, how that ended."""

    waited: NotRequired[Waited]


class LoginAnswer(TypedDict):
    """Where and how to log in to a cluster."""

    url: str
    user: str
    password: str


class FileProblem(TypedDict):
    """One mistake in a spec, and where: lines and columns count from 1, null where the file cannot be read."""

    file: NotRequired[str]
    line: int | None
    column: int | None
    message: str


class Validated(TypedDict):
    """Every mistake in the specs that were named."""

    ok: bool
    problems: list[FileProblem]


class ImageView(TypedDict):
    """A boot image: what its list says of it, and how it stands. ``verified``: its bytes were read since it changed and
    are as pinned; ``unverified``: they were not read yet; ``missing``, ``short``, ``altered`` and ``unreadable`` ones
    are served to nobody, nor is what is ``unlisted``. ``added`` is when it was put there."""

    name: str
    state: Literal["verified", "unverified", "missing", "short", "altered", "unreadable", "unlisted"]
    size: int | None
    sha256: str | None
    added: float | None


class ImageRemoved(TypedDict):
    """A boot image that was deleted."""

    name: str
    removed: bool


class CommandError(TypedDict):
    """Why a command did not do what it was asked. ``code`` is one of docs/errors.md, or one of the platform's own,
    where the daemon refused, else ``usage``, ``settings``, ``spec``, ``start``, ``no_daemon``, ``refused``,
    ``unknown``, ``unconfirmed`` (``plan`` tells what would be deleted), ``declined``, ``gave_up``, ``failed``,
    ``interrupted``, ``database``, ``platform``, ``state_lost``, ``not_the_api`` or ``bug``. ``message`` says it in one
    sentence or more, ``remedy`` what to do; ``exit_code`` is the command's."""

    code: str
    message: str
    remedy: str
    exit_code: int
    remedies: NotRequired[list[RemedyView]]
    retry: NotRequired[Literal["never", "later", "now"]]
    evidence: NotRequired[str]


class Failed(TypedDict):
    """What stands on standard output instead, whatever the command. ``accepted``, ``cluster``, ``changed`` and
    ``revision`` are there when something was accepted before the wait for it broke off."""

    error: CommandError
    problems: NotRequired[list[FileProblem]]
    plan: NotRequired[Plan]
    accepted: NotRequired[bool]
    cluster: NotRequired[str]
    changed: NotRequired[bool]
    revision: NotRequired[int]


SHAPES: dict[str, Any] = {
    "status": Snapshot,
    "show": Detail,
    "troubles": Troubles,
    "offers": Offers,
    "events": EventView,
    "logs": Log,
    "calls": CallList,
    "timeline": TimelineList,
    "map": MapView,
    "wait": Waited,
    "login": LoginAnswer,
    "audit": list[FindingView],
    "images add": ImageView,
    "images import": list[ImageView],
    "images list": list[ImageView],
    "images verify": list[ImageView],
    "images rm": ImageRemoved,
    "validate": Validated,
    "plan": Plan,
    "preflight": list[CheckView],
    "apply": ApplyAnswer,
    "spec": SpecText,
    "drafts": DraftList,
    **dict.fromkeys(SHARED, VerbAnswer),
    "sim": dict[str, Any] | list[dict[str, Any]],
}
"""Command → what it prints with --json. `events`, and `logs` with --follow, print one ``EventView`` on each line,
`calls` with --follow one ``CallView``; `sim` prints its addresses, or with --list-scenarios the list."""
