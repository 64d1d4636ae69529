"""What the engine says: a line of the log, and the problem of a step that is late or of a rollback that is stuck."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol

from msgspec.structs import replace

from daemon.display.durations import lasting
from daemon.engine.limits import Limits
from daemon.engine.natures import nature_of
from daemon.errors.tree import CATALOGUE
from daemon.store.ops import AddEvent, Event, Resource
from daemon.words import first_of
from state_machines.kind import ROLLING_BACK, Kind
from state_machines.outcome import Problem, Remedy, Wait
from state_machines.record import Record

NAMED = 12
"""So many left-overs are named in an error, each with its command; the ledger has them all."""


def event(
    record: Record,
    kind: Literal["verb", "error", "note", "boot", "log"],
    now: float,
    message: str,
    level: Literal["debug", "info", "warning", "error"] = "info",
    data: dict[str, Any] | None = None,
    actor: str = "nxd",
) -> AddEvent:
    """A line of the log about a record."""
    return AddEvent(Event(now, record.shard, record.name, kind, message, level, actor, data or {}))


def sentence(record: Record, kind: Kind) -> str:
    """A change of state as a line of the log."""
    if record.state == ROLLING_BACK and record.step:
        return kind.undo_step(record.step).title
    return kind.states[record.state].title


def transition(record: Record, changed: Record, kind: Kind, verb: str, actor: str, idle: bool) -> AddEvent:
    """The line of the log that keeps a change of state; ``idle``: the step before had nothing to do."""
    data = {
        "from": record.state,
        "to": changed.state,
        "step": changed.step,
        "by": verb,
        "attempt": changed.attempt,
        "kind": record.kind,
        "nature": nature_of(kind, kind.states[changed.state]),
    }
    level: Literal["error", "info"] = "error" if kind.states[changed.state].phase == "failed" else "info"
    told = {**data, "idle": True} if idle else data
    said = sentence(changed, kind)
    return AddEvent(Event(changed.since, record.shard, record.name, "transition", said, level, actor, told))


def late(record: Record, kind: Kind, wait: Wait, now: float, limits: Limits) -> Problem:
    """The problem of a step whose time is over, with what could be done about its wait."""
    row = CATALOGUE["deadline"]
    took = f"{sentence(record, kind)} took {lasting(now - record.since)}"
    message = f"{took}; {_deadline(record, kind, limits)}. It was waiting for {wait.waiting_for}."
    more = Remedy(
        "spec",
        f"If it only needs more time, give it some as deadlines.{record.step} in the spec, and apply it.",
        setting=f"deadlines.{record.step}",
    )
    return Problem(row.code, message, (*row.mend, more, *wait.remedies), row.retry, wait.evidence)


def tried_long(record: Record, kind: Kind, problem: Problem, now: float, limits: Limits) -> Problem:
    """The problem of a step that met the same passing trouble until its time was over: its cause, not the clock."""
    tried = f"It was tried for {lasting(now - record.since)}; {_deadline(record, kind, limits)}."
    return replace(problem, message=f"{problem.message} {tried}", retry="later")


def _deadline(record: Record, kind: Kind, limits: Limits) -> str:
    """The time that a step has, and how much more it was given."""
    seconds = limits.here(record, kind)
    more = (record.deadline or record.since) - record.since - (seconds or 0.0)
    put_off = f", put off by {lasting(more)}" if more >= 60 else ""
    return f"its deadline is {lasting(seconds)}{put_off}"


class Ledgered(Protocol):
    """What a platform says of its kinds of objects."""

    def rank(self, kind: str) -> int:
        """When a rollback deletes a kind; lower is sooner."""
        ...

    def removal_commands(self, resource: Resource) -> Sequence[str]:
        """The commands with which a person removes the object by hand."""
        ...


def left_over(
    problem: Problem,
    resources: Sequence[Resource],
    platform: Ledgered,
) -> Problem:
    """The problem of a rollback that cannot go on, with each object left and the commands that remove it, in the order
    in which they can work."""
    left = sorted((row for row in resources if row.state != "gone"), key=lambda row: platform.rank(row.kind))
    names = first_of((f"{row.kind} {row.name}" for row in left), NAMED)
    all_told = " (nxd show tells them)" if len(left) > NAMED else ""
    commands = [
        Remedy("command", line, command=line)
        for row in left[:NAMED]
        for line in platform.removal_commands(row)
    ]
    row = CATALOGUE["left_over"]
    message = f"{problem.message} Left over: {names}{all_told}." if left else problem.message
    return Problem(row.code, message, (*problem.remedies, *commands), row.retry, problem.evidence)
