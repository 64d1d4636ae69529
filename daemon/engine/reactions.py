"""What follows from a verb or a failure by itself: the rungs of the ladder, a rollback, and the verbs for others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from daemon.clock import Clock
from daemon.engine import legality, sentences, transitions
from daemon.engine.legality import Situation
from daemon.engine.remedies import plain
from daemon.memory.mirror import Mirror
from daemon.platforms.base import Platform
from daemon.store.ops import AddCommand, AddEvent, Command, DropRecord, DropSecrets, Op, PutRecord
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
    hands_off: str | None = None,
) -> list[Op]:
    """What the spec lets the daemon do by itself for a record that has just failed, and that stood as ``before``: the
    next rung of the ladder, else perhaps a rollback. Where a person's verb waits, that person decides; ``hands_off`` is
    why it is nobody's but a person's business."""
    record, cluster = situation.record, situation.cluster
    if any(command.verb not in PROTECTIONS for command in situation.inbox):
        return []
    if hands_off is not None:
        said_why = f"left to a person: {hands_off}"
        return [sentences.event(record, "note", now, said_why, "warning")]
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
    back = situation.kind.parts.get("back")
    reason = (
        legality.why_not(situation, back, {}) if back else f"there is no verb for it on {record.platform}"
    )
    if back is None or reason is not None:
        return [*said, sentences.event(record, "note", now, f"not rolled back by itself: {reason}")]
    said.append(sentences.event(record, "note", now, f"going back to nothing by itself: {problem.message}"))
    return [follow_up(record, back, now, new_id(), because=plain(problem)), *said]


async def by_itself(
    situation: Callable[[], Situation],
    platform: Platform,
    mirror: Mirror,
    before: Record,
    problem: Problem,
    clock: Clock,
) -> list[Op]:
    """What follows from a failure, once its platform has looked whether anything may; the ``situation`` is seen anew
    after that look."""

    def following(hands_off: str | None = None) -> list[Op]:
        return after_failure(situation(), platform, before, problem, clock.now(), clock.new_id, hands_off)

    found = following()
    if not any(isinstance(op, AddCommand) for op in found):
        return found
    return following(await platform.hands_off(before, mirror))


def companions(
    before: Situation,
    command: Command,
    members: Sequence[Record],
    kind_of: Callable[[Record], Kind],
    new_id: Callable[[], str],
    now: float,
) -> list[Op]:
    """The verbs that a verb of a cluster is for its nodes: a hold holds those at work, a resume lets them go on, and
    whatever tries again tries again what blocks it."""
    cluster = before.record
    if cluster.name != cluster.shard:
        return []
    part, args = before.kind.effect(command.verb).nodes, dict[str, Any]()
    concerned: list[Record] = []
    match part:
        case "stop" if "step" not in command.args:
            args = {"with": cluster.name}
            concerned = [member for member in members if kind_of(member).states[member.state].work]
        case "go on":
            held = [member for member in members if member.state == "held"]
            concerned = [member for member in held if member.facts.get("held_with") == cluster.name]
        case "again":
            along = {member.name for member in retried_along(before, command.verb, command.args)}
            concerned = [member for member in members if member.name in along]
    return [
        follow_up(member, verb, now, new_id(), command.actor, **args)
        for member in concerned
        if part is not None and (verb := kind_of(member).parts.get(part)) is not None
    ]


def retried_along(cluster: Situation, verb: str, args: Mapping[str, Any]) -> list[Record]:
    """The nodes that stand in the way of a cluster which is tried again, or goes back to nothing, and are tried again
    with it."""
    effect = cluster.kind.effect(verb)
    if effect.nodes != "again":
        return []
    if effect.again and "step" in args:
        return []
    blocked = [one.record for one in cluster.stopped() if one.record.state == "rollback_blocked"]
    if not effect.again or cluster.record.state == "rollback_blocked":
        return blocked
    return [one.record for one in legality.in_the_way(cluster)] or blocked


def in_force(record: Record, command: Command, ops: Sequence[Op], now: float) -> AddEvent:
    """The line of the log of a verb that leaves its record where it stands, and for which nodes it is."""
    nodes = [op.command.target for op in ops if isinstance(op, AddCommand)]
    said = f"{command.verb} of {', '.join(nodes)}" if nodes else f"{command.verb} is in force"
    return sentences.event(record, "verb", now, said, actor=command.actor)


def changed_nodes(
    cluster: Record,
    kind: Kind,
    args: Mapping[str, Any],
    members: Sequence[Record],
    now: float,
    is_empty: Callable[[Record], bool],
) -> list[Op]:
    """The nodes that a changed spec asks for: new ones, those anew that have another entry and of which nothing stands
    yet, and with ``whole`` all others anew, or dropped."""
    asked: Mapping[str, dict[str, Any]] = args.get("nodes", {})
    known = {member.name for member in members}
    ops: list[Op] = [
        PutRecord(transitions.created(name, kind, cluster.name, spec, now))
        for name, spec in asked.items()
        if name not in known
    ]
    for member in members if args.get("whole") else filter(is_empty, members):
        if member.name in asked:
            ops.append(PutRecord(transitions.begun_again(member, kind, asked[member.name], now)))
        elif args.get("whole"):
            ops += (DropRecord(member.name), DropSecrets(f"{member.name}/"))
    return ops


def calls_back(node: Record, cluster: Situation, token: str) -> Sequence[Op]:
    """A node that begins to work again calls its cluster, if that is done, back to work."""
    record, kind = cluster.record, cluster.kind
    if kind.states[record.state].phase != "ok" or legality.why_not(cluster, "change", {}) is not None:
        return ()
    return (follow_up(record, "change", node.since, token),)
