"""What a step may answer: it is done, it waits, the other side is busy, or it failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct, field

Retry = Literal["never", "later", "now"]


class Remedy(Struct, frozen=True, gc=False, omit_defaults=True):
    """One thing a person can do about a problem, with a sentence that says it.

    ``wait``: nothing; ``outside``: something in the world; ``spec``: change ``setting`` in the spec and apply it;
    ``command``: run ``command`` as it stands; ``verb``: give ``verb`` to ``target``.
    """

    kind: Literal["wait", "outside", "spec", "command", "verb"]
    text: str
    verb: str | None = None
    target: str | None = None
    command: str | None = None
    setting: str | None = None


class Problem(Struct, frozen=True, gc=False):
    """What went wrong, and what has to be done outside before it can go on; ``evidence`` is kept verbatim from the
    outside. Which verb leads on follows from where the record stands when somebody looks."""

    code: str
    message: str
    remedies: tuple[Remedy, ...] = ()
    retry: Retry = "never"
    evidence: str | None = None


class Done(Struct, frozen=True, gc=False):
    """The step's work was seen to be there. ``facts`` are remembered with the record."""

    facts: Mapping[str, Any] = field(default_factory=dict)


class Wait(Struct, frozen=True, gc=False):
    """The world needs time. ``poll`` is when to look again, in seconds, unless an event comes before.

    ``attention`` marks a wait that only a person can end, by ``remedies``; ``in_line`` one for a turn within a limit of
    our own, or for a protection to be lifted: the step has not begun, and neither has its deadline.
    """

    waiting_for: str
    evidence: str
    poll: float
    attention: bool = False
    progress: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    in_line: bool = False
    remedies: tuple[Remedy, ...] = ()


class Busy(Struct, frozen=True, gc=False):
    """Nothing is wrong with the request, but it must come again. ``after`` seconds, if the other side said."""

    problem: Problem
    after: float | None = None


class Fail(Struct, frozen=True, gc=False):
    """Trying the same again cannot help: a person or a rollback must follow."""

    problem: Problem


Outcome = Done | Wait | Busy | Fail
