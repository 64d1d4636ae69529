"""What may be done now, as one pure function of a record, its cluster, what waits for both, and the platform.

The API, the plan, the daemon's own reactions and the moment at which a verb is carried out all ask it, so that none
of them says yes where another says no.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from daemon.errors.tree import ErrorKind
from daemon.store.ops import Command
from state_machines.kind import ROLLING_BACK, Kind
from state_machines.lifecycle import from_step
from state_machines.outcome import Remedy
from state_machines.record import Record
from state_machines.verbs import PROTECTIONS, Part

BECAUSE = "because"
"""What a record remembers that goes back to nothing by itself: the problem for which it does."""


class Rules(Protocol):
    """What a platform says of verbs, settings and errors."""

    errors: Mapping[str, ErrorKind]
    """The codes of errors that only it has."""

    def veto(self, verb: str, record: Record, cluster: Record) -> str | None:
        """Why a verb that is legal for the record alone is not, as its cluster stands; None when it is."""

    def may_change(self, setting: str) -> bool:
        """Whether a setting of a cluster may change while something of it stands."""

    def waits_for_nodes(self, step: str) -> bool:
        """Whether a cluster at this step waits for its nodes."""


class Situation(Struct, frozen=True):
    """All that the legality of a verb depends on. ``inbox`` and ``cluster_inbox`` hold what was accepted for the
    record and for its cluster and is not carried out yet, oldest first."""

    record: Record
    cluster: Record
    kind: Kind
    inbox: Sequence[Command]
    cluster_inbox: Sequence[Command]
    platform: Rules
    exists: Callable[[], bool]
    """Whether anything of the cluster exists outside, or may be about to."""
    absent: str = ""
    """Why nothing at all can be done with it, where its platform is not switched on, and what leads to that."""
    switch_on: Remedy | None = None
    stopped: Callable[[], Sequence[Situation]] = tuple
    """Of a cluster's own situation: its nodes that stopped on their way and are not told to go on yet."""
    attempt_of: Callable[[str], int] = lambda _: 0
    """At which attempt another record of the cluster is."""


def is_protected(cluster: Record, inbox: Iterable[Command]) -> bool:
    """Whether nothing of a cluster may be deleted: a protection counts from the moment at which it is accepted."""
    asked = [PROTECTIONS[command.verb] for command in inbox if command.verb in PROTECTIONS]
    return asked[-1] if asked else cluster.protected


def event_name(kind: Kind, verb: str, args: Mapping[str, Any]) -> str:
    """The event of the tables that a verb is."""
    step = args.get("step")
    return from_step(verb, step) if step and kind.effect(verb).step == "from" else verb


def is_for_later(kind: Kind, verb: str, args: Mapping[str, Any]) -> bool:
    """Whether the verb names a step after which it takes effect."""
    return "step" in args and kind.effect(verb).step == "after"


def stays(kind: Kind, record: Record, verb: str, args: Mapping[str, Any]) -> bool:
    """Whether a legal verb leaves its record where it stands: it takes effect later, only sets something, or is one for
    the nodes that stand in the way."""
    if is_for_later(kind, verb, args) or (verb in kind.verbs and not kind.leads(verb)):
        return True
    return not kind.allows(record.state, record.step, event_name(kind, verb, args))


def in_the_way(cluster: Situation) -> list[Situation]:
    """The nodes that failed, or went back to nothing for that by themselves, and may be tried again, where a cluster
    stands at a step that waits for nodes."""
    if not _waits_for_nodes(cluster):
        return []
    return [
        one
        for one in cluster.stopped()
        if (one.kind.states[one.record.state].phase == "failed" or went_back_by_itself(one.record, one.kind))
        and legal_for(one, "again") is not None
    ]


def went_back_by_itself(record: Record, kind: Kind) -> bool:
    """Whether nothing is left of a record although nobody asked for that: it failed, and the spec says so."""
    return kind.states[record.state].phase == "released" and BECAUSE in record.facts


def _waits_for_nodes(cluster: Situation) -> bool:
    record = cluster.record
    is_cluster, step = record.name == record.shard, record.step
    begun = record.state in (step, "failed") and step in cluster.kind.steps
    return is_cluster and begun and cluster.platform.waits_for_nodes(str(step))


def legal_for(situation: Situation, *parts: Part) -> str | None:
    """The verb that is legal now for one of these parts, the first that has one; None when none is."""
    verbs = (situation.kind.parts.get(part) for part in parts)
    return next((verb for verb in verbs if verb and why_not(situation, verb, {}) is None), None)


def why_not(situation: Situation, verb: str, args: Mapping[str, Any]) -> str | None:
    """Why the verb is not legal as things stand, in a sentence; None when it is."""
    if situation.absent:
        return situation.absent
    for rule in (_why_not_here, _why_not_whole, _why_protected, _why_twice):
        reason = rule(situation, verb, args)
        if reason is not None:
            return reason
    if verb not in situation.kind.verbs:
        return None  # an event of the daemon's own, on which a platform has no say
    return situation.platform.veto(verb, situation.record, situation.cluster)


def _why_not_here(situation: Situation, verb: str, args: Mapping[str, Any]) -> str | None:
    """What the tables say."""
    record, kind = situation.record, situation.kind
    effect = kind.effect(verb)
    if effect.protect is not None:
        protected = is_protected(record, situation.inbox)
        return f"It is {'' if protected else 'not '}protected." if protected == effect.protect else None
    if is_for_later(kind, verb, args):
        return _why_not_after(record, kind, args["step"])
    if verb in kind.verbs and not kind.leads(verb):
        return None
    if kind.allows(record.state, record.step, event_name(kind, verb, args)):
        return None
    if effect.nodes == "again" and effect.again and "step" not in args and _waits_for_nodes(situation):
        return _why_not_for_nodes(situation, verb)
    if "step" in args:
        here = kind.states[record.state].title
        if record.state in ("failed", "held") and record.step in kind.states and args["step"] in kind.steps:
            at, asked = kind.states[record.step].title, kind.states[args["step"]].title
            return f"It is {here} at “{at}” and has not reached “{asked}”; a {verb} begins at a step it has reached."
        return f"It is {here}; a {verb} begins at a step that a failed or held one has reached."
    return kind.why_not(record.state, verb)


def _why_not_for_nodes(cluster: Situation, verb: str) -> str | None:
    """Why a cluster that is at work cannot have what stands in its way tried again; None when it can."""
    if in_the_way(cluster):
        return None
    others = [f"{one.record.name} is {one.kind.states[one.record.state].title}" for one in cluster.stopped()]
    told = f": {', '.join(others)}" if others else ""
    here = cluster.kind.states[cluster.record.state].title
    return f"It is {here}, and no node that failed is there for a {verb}{told}."


def _why_not_after(record: Record, kind: Kind, step: str) -> str | None:
    """Why the record cannot be held after a step; None when it can."""
    if step not in kind.steps:
        return f"There is no step {step}; there is {', '.join(kind.steps)}."
    if step == kind.steps[-1]:
        return f"{step} is the last step; nothing is left to hold after it."
    waits = record.state == kind.initial
    ahead = record.state in kind.steps and kind.steps.index(step) >= kind.steps.index(record.state)
    return None if waits or ahead else f"It is {kind.states[record.state].title}; {step} does not lie ahead."


def _why_not_whole(situation: Situation, verb: str, args: Mapping[str, Any]) -> str | None:
    """Another spec takes the place of the whole one only while nothing was made from it."""
    if args.get("whole") and situation.exists():
        return f"Something of {situation.cluster.name} exists, which was made from the spec before."
    return None


def _why_protected(situation: Situation, verb: str, args: Mapping[str, Any]) -> str | None:
    """A protected cluster refuses whatever deletes."""
    if not deletes(situation, verb, args):
        return None
    cluster = situation.cluster
    if is_protected(cluster, situation.cluster_inbox):
        return f"{cluster.name} is protected: unprotect it first."
    return None


def may_apply(cluster: Situation, setting: str | None) -> bool:
    """Whether a spec in which this setting is another one can be applied now."""
    free = (
        setting is None
        or cluster.platform.may_change(setting.split(".")[0])
        or (cluster.platform.may_change(setting))
    )
    return why_not(cluster, "change", {}) is None and (free or not cluster.exists())


def deletes(situation: Situation, verb: str, args: Mapping[str, Any]) -> bool:
    """Whether the verb deletes something: by its nature, by the state it leads to, or by the nodes it drops."""
    record, kind = situation.record, situation.kind
    if kind.effect(verb).deletes == "always" or args.get("leaving"):
        return True
    return kind.table.get((record.state, record.step, event_name(kind, verb, args))) == ROLLING_BACK


def _why_twice(situation: Situation, verb: str, args: Mapping[str, Any]) -> str | None:
    """The same verb does not wait twice; another spec or another protection takes the place of the one before."""
    effect = situation.kind.verbs.get(verb)
    if effect is None or effect.protect is not None:
        return None
    for command in situation.inbox:
        same = effect.step != "after" or command.args.get("step") == args.get("step")
        if command.verb == verb and same:
            return f"{verb} was asked for already and will be carried out at the next safe point."
    return None
