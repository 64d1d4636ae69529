"""How a record changes: pure functions from a record and an event to the record that is committed next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from daemon.errors import CATALOGUE
from daemon.store.ops import AddCommand, AddEvent, Command, DropRecord, DropSecrets, Event, Op, Resource
from state_machines.kind import FLAGS, ROLLING_BACK, Kind, State, UndoStep
from state_machines.lifecycle import retry_from
from state_machines.outcome import Problem
from state_machines.record import Record


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


def command(record: Record, verb: str, now: float, token: str, **args: str) -> AddCommand:
    """A verb that the daemon itself puts into the record's inbox."""
    return AddCommand(Command(token, record.name, record.shard, verb, "nxd", now, dict(args)))


NAMED = 12
"""So many left-overs are named in an error, each with its command; the ledger has them all."""

DELETING: tuple[str, ...] = ("rollback", "destroy", "replace")
"""Verbs that a protected cluster refuses."""


def will_be_protected(cluster: Record, waiting: Iterable[Command]) -> bool:
    """Whether the cluster is protected once the verbs in its inbox are honoured, which is in order."""
    asked = [command.verb for command in waiting if command.verb in FLAGS]
    return FLAGS[asked[-1]] if asked else cluster.protected


def event_name(verb: str, args: Mapping[str, Any]) -> str:
    """The event of the tables that a verb is."""
    step = args.get("step")
    return retry_from(step) if verb == "retry" and step else verb


def why_not(record: Record, kind: Kind, verb: str, args: Mapping[str, Any]) -> str | None:
    """Why a verb is not legal for the record as it stands; None when it is."""
    if verb in FLAGS:
        return (
            f"It is {'' if record.protected else 'not '}protected."
            if record.protected == FLAGS[verb]
            else None
        )
    if verb == "hold" and "step" in args:
        return _why_not_after(record, kind, args["step"])
    event = event_name(verb, args)
    if kind.allows(record.state, record.step, event):
        return None
    if "step" in args:
        here = kind.states[record.state].title
        return f"It is {here}; a retry begins at a step that a failed or held one has reached."
    return kind.why_not(record.state, verb)


def _why_not_after(record: Record, kind: Kind, step: str) -> str | None:
    """Why the record cannot be held after a step; None when it can."""
    if step not in kind.steps:
        return f"There is no step {step}; there is {', '.join(kind.steps)}."
    waits = record.state == kind.initial
    ahead = record.state in kind.steps and kind.steps.index(step) >= kind.steps.index(record.state)
    return None if waits or ahead else f"It is {kind.states[record.state].title}; {step} does not lie ahead."


class Limits(Struct, frozen=True):
    """How long things may last: state → the spec's word in seconds, and the factor that stretches all of it."""

    wished: Mapping[str, float] = field(default_factory=dict)
    factor: float = 1.0

    def of(self, state: State | UndoStep) -> float | None:
        """Seconds a state or a stage of a rollback may last: the spec's word, else the table's."""
        seconds = self.wished.get(state.name, state.deadline)
        return None if seconds is None else float(seconds) * self.factor


def entered(record: Record, kind: Kind, state: str, now: float, limits: Limits) -> Record:
    """The record as it enters a state."""
    seconds = limits.of(kind.states[state])
    step = record.step
    if kind.states[state].work or state == kind.initial:
        step = state
    elif kind.states[state].phase in ("ok", "released"):
        step = None
    return replace(
        record,
        state=state,
        step=step,
        since=now,
        deadline=None if seconds is None else now + seconds,
        wake_at=None,
        wait=None,
        error=None,
        tries=0,
        version=record.version + 1,
    )


def advanced(record: Record, kind: Kind, now: float, limits: Limits) -> Record:
    """The record after its step is done: in the next state, or held there if it was to stop after this step."""
    state = kind.next(record.state, record.step, "advance")
    if record.stop_after != record.state or not kind.states[state].work:
        return entered(record, kind, state, now, limits)
    return entered(replace(record, step=state, stop_after=None), kind, "held", now, limits)


def next_undo(record: Record, undo: UndoStep, now: float, limits: Limits) -> Record:
    """The record at a stage of its rollback."""
    seconds = limits.of(undo)
    return replace(
        record,
        state=ROLLING_BACK,
        step=undo.name,
        since=now,
        deadline=None if seconds is None else now + seconds,
        wake_at=None,
        wait=None,
        error=None,
        tries=0,
        version=record.version + 1,
    )


def honoured(
    record: Record, kind: Kind, verb: str, args: Mapping[str, Any], now: float, limits: Limits
) -> Record:
    """The record after a legal verb. Raises IllegalEvent."""
    if verb in FLAGS:
        return replace(record, protected=FLAGS[verb], version=record.version + 1)
    if verb == "hold" and "step" in args:
        return replace(record, stop_after=args["step"], version=record.version + 1)
    state = kind.next(record.state, record.step, event_name(verb, args))
    if verb in ("retry", "replace"):
        facts = {**record.facts, "asked": args.get("means", verb)}
        record = replace(record, attempt=record.attempt + 1, facts=facts)
    if verb == "join":
        record = replace(record, facts={**record.facts, "member": True})
    if verb == "change":
        record = replace(record, spec=args.get("spec", record.spec))
    if verb == "destroy":
        record = replace(record, forget=True)
    if state != ROLLING_BACK:
        return entered(record, kind, state, now, limits)
    blocked = record.state == "rollback_blocked" and verb == "retry"
    undo = kind.undo_step(record.step) if blocked and record.step else kind.undo[0]
    return next_undo(record, undo, now, limits)


def sown(name: str, kind: Kind, cluster: str, spec: dict[str, Any], now: float) -> Record:
    """A record at its beginning."""
    return Record(name, kind.name, cluster, kind.initial, now, version=1, step=kind.initial, spec=spec)


def forgotten(cluster: Record, members: Sequence[Record], now: float) -> list[Op]:
    """A cluster of which nothing is left, and its nodes, leave the store; their log stays."""
    ops: list[Op] = []
    for record in (*members, cluster):
        ops += [DropRecord(record.name), DropSecrets(f"{record.name}/")]
    ops.append(event(cluster, "note", now, "everything is deleted; it is forgotten"))
    return ops


def late(record: Record, kind: Kind, waiting_for: str, evidence: str | None, now: float) -> Problem:
    """The problem of a step whose time is over."""
    row = CATALOGUE["deadline"]
    title = kind.undo_step(record.step).title if record.state == ROLLING_BACK and record.step else None
    title = title or kind.states[record.state].title
    minutes = (now - record.since) / 60
    message = f"{title} took longer than its deadline ({minutes:.0f} min); it was waiting for {waiting_for}."
    return Problem(row.code, message, row.remedy, row.retry, evidence)


def tried_long(record: Record, problem: Problem, now: float) -> Problem:
    """The problem of a step that met the same passing trouble until its time was over: its cause, not the clock."""
    minutes = (now - record.since) / 60
    message = f"{problem.message} It was tried for {minutes:.0f} min."
    return replace(problem, message=message, retry="later")


def left_over(problem: Problem, resources: Sequence[Resource], removal: Callable[[Resource], str]) -> Problem:
    """The problem of a rollback that cannot go on, with each object left and the command that removes it."""
    left = [row for row in resources if row.state != "gone"]
    named = left[:NAMED]
    more = f" and {len(left) - NAMED} more (nxd show tells them)" if len(left) > NAMED else ""
    names = (", ".join(f"{row.kind} {row.name}" for row in named) or "nothing") + more
    commands = "; ".join(removal(row) for row in named)
    row = CATALOGUE["left_over"]
    remedy = row.remedy + (f" By hand: {commands}" if commands else "")
    return Problem(row.code, f"{problem.message} Left over: {names}.", remedy, row.retry, problem.evidence)


def sentence(record: Record, kind: Kind) -> str:
    """A change of state as a line of the log."""
    if record.state == ROLLING_BACK and record.step:
        return kind.undo_step(record.step).title
    return kind.states[record.state].title
