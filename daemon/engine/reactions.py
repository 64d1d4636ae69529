"""What follows from a verb or a failure by itself: the rungs of the ladder, a rollback, and the verbs for others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from daemon.engine import legality, sentences, transitions
from daemon.engine.legality import Situation
from daemon.engine.remedies import plain
from daemon.platforms.base import Platform
from daemon.store.ops import AddCommand, Command, DropRecord, DropSecrets, Op, PutRecord
from state_machines.kind import Kind
from state_machines.outcome import Problem
from state_machines.record import Record
from state_machines.verbs import PROTECTIONS


def follow_up(
    record: Record, verb: str, now: float, token: str, actor: str = "nxd", **args: Any
) -> AddCommand:
    """A verb that follows from another one, or that the daemon itself puts into the record's inbox."""
    return AddCommand(Command(token, record.name, record.shard, verb, actor, now, dict(args)))


def after_failure(
    situation: Situation,
    platform: Platform,
    before: Record,
    problem: Problem,
    now: float,
    new_id: Callable[[], str],
) -> list[Op]:
    """What the spec lets the daemon do by itself for a record that has just failed, and that stood as ``before``: the
    next rung of the ladder, else perhaps a rollback. Where a person's verb waits, that person decides."""
    record, cluster = situation.record, situation.cluster
    if any(command.verb not in PROTECTIONS for command in situation.inbox):
        return []
    said: list[Op] = []
    climb = platform.climb(before, cluster, problem)
    if climb is not None:
        reason = legality.why_not(situation, climb.verb, {})
        if reason is None:
            said.append(sentences.event(record, "note", now, f"trying again by itself: {climb.means}"))
            return [follow_up(record, climb.verb, now, new_id(), means=climb.means), *said]
        said.append(
            sentences.event(record, "note", now, f"not tried again by itself ({climb.means}): {reason}")
        )
    if cluster.spec.get("on_failure") != "rollback":
        return said
    reason = legality.why_not(situation, "rollback", {})
    if reason is not None:
        return [*said, sentences.event(record, "note", now, f"not rolled back by itself: {reason}")]
    said.append(sentences.event(record, "note", now, f"going back to nothing by itself: {problem.message}"))
    return [follow_up(record, "rollback", now, new_id(), because=plain(problem)), *said]


def companions(
    before: Record,
    command: Command,
    members: Sequence[Record],
    kind_of: Callable[[Record], Kind],
    platform: Platform,
    new_id: Callable[[], str],
    now: float,
) -> list[Op]:
    """The verbs that a verb of a cluster is for its nodes: a hold holds those at work, a resume lets them go on, and
    whatever tries again tries again what blocks it."""
    if before.name != before.shard:
        return []
    found: Mapping[str, tuple[str, dict[str, Any]]] = {}
    match kind_of(before).effect(command.verb).nodes:
        case "stop" if "step" not in command.args:
            found = {
                member.name: ("hold", {"with": before.name})
                for member in members
                if kind_of(member).states[member.state].work
            }
        case "go on":
            found = {
                member.name: ("resume", {})
                for member in members
                if member.state == "held" and member.facts.get("held_with") == before.name
            }
        case "again":
            again = kind_of(before).effect(command.verb).again
            along = retried_along(before, again, command.args, members, platform)
            found = {member.name: ("retry", {}) for member in along}
    return [
        follow_up(member, verb, now, new_id(), command.actor, **args)
        for member in members
        if member.name in found
        for verb, args in (found[member.name],)
    ]


def retried_along(
    cluster: Record, again: bool, args: Mapping[str, Any], members: Sequence[Record], platform: Platform
) -> list[Record]:
    """The nodes that stand in the way of what is tried ``again``, or goes back to nothing, and are tried again with
    it."""
    if cluster.state == "rollback_blocked" or not again:
        return [member for member in members if member.state == "rollback_blocked"]
    if cluster.state != "failed" or "step" in args or cluster.step is None:
        return []
    stopped = (
        ("failed", "rollback_blocked") if platform.waits_for_nodes(cluster.step) else ("rollback_blocked",)
    )
    return [member for member in members if member.state in stopped]


def changed_nodes(
    cluster: Record, kind: Kind, args: Mapping[str, Any], members: Sequence[Record], now: float
) -> list[Op]:
    """The nodes that a changed spec asks for: new ones, and with ``whole`` all others anew, or dropped."""
    asked: Mapping[str, dict[str, Any]] = args.get("nodes", {})
    known = {member.name for member in members}
    ops: list[Op] = [
        PutRecord(transitions.created(name, kind, cluster.name, spec, now))
        for name, spec in asked.items()
        if name not in known
    ]
    for member in members if args.get("whole") else ():
        if member.name in asked:
            ops.append(PutRecord(transitions.begun_again(member, kind, asked[member.name], now)))
        else:
            ops += (DropRecord(member.name), DropSecrets(f"{member.name}/"))
    return ops


def calls_back(node: Record, cluster: Situation, token: str) -> Sequence[Op]:
    """A node that begins to work again calls its cluster, if that is done, back to work."""
    record, kind = cluster.record, cluster.kind
    if kind.states[record.state].phase != "ok" or legality.why_not(cluster, "change", {}) is not None:
        return ()
    return (follow_up(record, "change", node.since, token),)
