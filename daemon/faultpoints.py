"""Named points at which a crash test stops the daemon: one at each arrow of the sequence of a step.

`NXD_CRASH` says where. `after_intent#3` ends the process with SIGKILL at the third passage of that point;
`after_intent@node01/vni` counts only passages that are about all of these words, which for a commit are its records
and the verbs that it adds; `before_intent@node01>queued` is the first passage of the second point after one of the
first. A `+0.002` at the end lets the process live for so many more seconds, and `!stop` sends SIGSTOP instead of
SIGKILL, so that somebody else may choose what follows. Without the variable a point costs one comparison.
"""

from __future__ import annotations

import os
import re
import signal
import threading
from dataclasses import dataclass

POINTS: tuple[str, ...] = (
    "before_intent",
    "after_intent",
    "after_call",
    "before_commit",
    "after_commit",
    "before_delete",
    "after_delete",
    "call_refused",
    "after_result",
    "before_deleting",
    "after_gone",
    "queued",
    "batch_begun",
    "before_checkpoint",
    "after_checkpoint",
    "migrating",
    "timer_written",
    "run_begins",
    "loaded",
)
"""Every point: those of a create, those of a delete, those of the store, those of a turn and of a start."""

_LINK = re.compile(r"(?P<name>[a-z_]+)(?:@(?P<about>[^#>]+))?(?:#(?P<passage>[1-9][0-9]*))?")
_TAIL = re.compile(r"(?P<links>[^+!]*)(?:\+(?P<delay>[0-9.]+))?(?P<stop>!stop)?")


@dataclass(slots=True)
class _Link:
    """One point to be passed: about which words, and how often still."""

    name: str
    about: frozenset[str]
    left: int


class _Plan:
    """What was asked for: points to be passed one after another, and what happens at the last."""

    def __init__(self, text: str) -> None:
        tail = _TAIL.fullmatch(text)
        found = [_LINK.fullmatch(link) for link in tail["links"].split(">")] if tail else [None]
        if tail is None or None in found or any(link["name"] not in POINTS for link in found if link):
            raise ValueError(f"NXD_CRASH={text} names no fault point; there is {', '.join(POINTS)}.")
        self._links = [
            _Link(link["name"], frozenset((link["about"] or "").split("/")) - {""}, int(link["passage"] or 1))
            for link in found
            if link
        ]
        self._delay = float(tail["delay"] or 0)
        self._signal = signal.SIGSTOP if tail["stop"] else signal.SIGKILL

    def pass_by(self, name: str, about: tuple[str, ...]) -> None:
        """Take note of a passage; at the last one that was asked for, do it."""
        if not self._links:
            return
        link = self._links[0]
        if link.name != name or not link.about <= set(about):
            return
        link.left -= 1
        if link.left:
            return
        self._links.pop(0)
        if not self._links:
            self._strike()

    def _strike(self) -> None:
        if not self._delay:
            os.kill(os.getpid(), self._signal)
            return
        timer = threading.Timer(self._delay, os.kill, (os.getpid(), self._signal))
        timer.daemon = True
        timer.start()


_plan: _Plan | None = None


def arm(text: str) -> None:
    """Stop where ``text`` says, in the words of `NXD_CRASH`; nowhere when it is empty. Raises ValueError."""
    global _plan
    _plan = _Plan(text) if text else None


def armed() -> bool:
    """Whether anybody asked for a stop: what is said of a passage need not be put together otherwise."""
    return _plan is not None


def point(name: str, *about: str) -> None:
    """Stop here, if this is the passage that was asked for. ``about``: the record, the kind, the object's name."""
    if _plan is not None:
        _plan.pass_by(name, about)


arm(os.environ.get("NXD_CRASH", ""))
