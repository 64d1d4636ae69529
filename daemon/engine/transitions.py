"""How a record changes: pure functions from a record and an event to the record that is committed next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec import to_builtins
from msgspec.structs import replace

from daemon.engine import sentences
from daemon.engine.legality import BECAUSE, event_name, is_for_later, stays
from daemon.engine.limits import Limits
from daemon.engine.remedies import plain
from daemon.secrets.references import sealed_name
from daemon.store.ops import DropRecord, DropSecrets, Op, PutRecord
from state_machines.kind import ROLLING_BACK, Kind, UndoStep
from state_machines.outcome import Problem, Wait
from state_machines.record import Record
from state_machines.verbs import Verb

SLIP_SECONDS = 60.0
"""How far behind the last change of a record a clock may be that is only being set."""
OWN_FACTS = (BECAUSE, "held_with", "stuck")
"""Facts that the engine keeps for itself, whatever a platform forgets: the problem for which the daemon goes back by
itself, the cluster with which a node was held, and how often the same step failed with the same trouble."""


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


def stopped(record: Record, kind: Kind, event: str, problem: Problem, now: float, limits: Limits) -> Record:
    """The record as it stops at its step because of a problem, by this event."""
    changed = entered(record, kind, kind.next(record.state, record.step, event), now, limits)
    return replace(changed, step=record.step, error=plain(problem))


def brought_back(records: Iterable[Record], now: float) -> list[Op]:
    """The records of which the clock went back behind the last change: what began later than now begins now, with the
    time that it has."""
    return [
        PutRecord(
            replace(
                one,
                since=now,
                deadline=None if one.deadline is None else now + one.deadline - one.since,
                wake_at=None,
                version=one.version + 1,
            )
        )
        for one in records
        if one.since > now + SLIP_SECONDS
    ]


def in_line(record: Record, kind: Kind, now: float, limits: Limits) -> Record:
    """The record while it waits for its turn: its deadline begins anew, written down each tenth of its length."""
    seconds = limits.here(record, kind)
    if seconds is None or record.deadline is None or record.deadline > now + 0.9 * seconds:
        return record
    return replace(record, deadline=now + seconds)


def shown(wait: Wait) -> dict[str, Any]:
    """How a record shows what it waits for."""
    shows: dict[str, Any] = {
        "for": wait.waiting_for,
        "evidence": wait.evidence,
        "attention": wait.attention,
    }
    if wait.progress is not None:
        shows["progress"] = wait.progress
    if wait.in_line:
        shows["in_line"] = True
    if wait.attention and wait.remedies:
        shows["remedies"] = to_builtins(list(wait.remedies))
    return shows


def waits_on(stands: Record, changed: Record) -> bool:
    """Whether the record waits for the same as before, whatever the last look at it saw."""
    if stands.wait is None or changed.wait is None:
        return False
    seen = dict.fromkeys(("evidence", "progress"))
    same = (stands.facts, stands.deadline, stands.tries) == (changed.facts, changed.deadline, changed.tries)
    return same and {**stands.wait, **seen} == {**changed.wait, **seen}


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


def carried_out(
    record: Record, kind: Kind, verb: str, args: Mapping[str, Any], now: float, limits: Limits
) -> Record:
    """The record after a legal verb. Raises IllegalEvent."""
    effect = kind.effect(verb)
    if is_for_later(kind, verb, args):
        return replace(record, stop_after=args["step"], version=record.version + 1)
    if stays(kind, record, verb, args):
        protected = record.protected if effect.protect is None else effect.protect
        facts = {**record.facts, **effect.facts}
        return replace(record, protected=protected, facts=facts, version=record.version + 1)
    state = kind.next(record.state, record.step, event_name(kind, verb, args))
    facts = {**_own_facts(record, effect, args), **args.get("facts", {}), **effect.facts}
    if effect.attempt:
        facts["asked"] = args.get("means") or event_name(kind, verb, args)
    record = replace(
        record,
        attempt=record.attempt + effect.attempt,
        facts=facts,
        spec=args.get("spec", record.spec),
        forget=record.forget or effect.forget,
    )
    if state != ROLLING_BACK:
        return entered(record, kind, state, now, limits)
    record = replace(record, stop_after=None)
    blocked = record.state == "rollback_blocked" and effect.again
    undo = kind.undo_step(record.step) if blocked and record.step else kind.undo[0]
    return next_undo(record, undo, now, limits)


def _own_facts(record: Record, effect: Verb, args: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a record after a verb: what the engine keeps there belongs to the verb that set it."""
    facts = {key: value for key, value in record.facts.items() if key != "held_with"}
    if "with" in args:
        facts["held_with"] = args["with"]
    if not effect.again or record.state != "rollback_blocked":
        facts.pop(BECAUSE, None)
    if not effect.again or record.state != "failed":
        facts.pop("stuck", None)
    if BECAUSE in args:
        facts[BECAUSE] = args[BECAUSE]
    return facts


def stuck(record: Record, problem: Problem, attempt_of: Callable[[str], int]) -> dict[str, Any]:
    """The facts of a record whose step has failed once more: where, with what, how many times in a row, and at which
    attempt those are that something may be done about."""
    before = record.facts.get("stuck") or {}
    same = (before.get("step"), before.get("code")) == (record.state, problem.code)
    times = before["times"] + 1 if same else 1
    others = {one.target for one in problem.remedies if one.target not in (None, record.name)}
    now: dict[str, Any] = {"step": record.state, "code": problem.code, "times": times}
    if others:
        now["attempts"] = {name: attempt_of(str(name)) for name in sorted(map(str, others))}
    return {**record.facts, "stuck": now}


def created(
    name: str,
    kind: Kind,
    cluster: str,
    spec: dict[str, Any],
    now: float,
    facts: Mapping[str, Any] | None = None,
) -> Record:
    """A record at its beginning, with what it knows already."""
    return Record(
        name,
        kind.name,
        cluster,
        kind.initial,
        now,
        version=1,
        step=kind.initial,
        spec=spec,
        facts=dict(facts or {}),
    )


def begun_again(record: Record, kind: Kind, spec: dict[str, Any], now: float) -> Record:
    """A record of which nothing exists, at its beginning again with another spec."""
    begun = created(record.name, kind, record.shard, spec, now)
    return replace(begun, version=record.version + 1, attempt=record.attempt, facts=record.facts)


def forgotten(cluster: Record, members: Sequence[Record], now: float) -> list[Op]:
    """A cluster of which nothing is left, and its nodes, leave the store; their log stays."""
    ops: list[Op] = []
    for record in (*members, cluster):
        ops += [DropRecord(record.name), DropSecrets(f"{record.name}/")]
    ops.append(DropSecrets(sealed_name(cluster.name, "")))
    told = {"forgotten": [record.name for record in (*members, cluster)]}
    ops.append(sentences.event(cluster, "note", now, "everything is deleted; it is forgotten", data=told))
    return ops
