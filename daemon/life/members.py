"""Who belongs to a cluster by its spec, and how far each of its nodes has come, whatever they are called."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from daemon.engine.context import StepContext
from daemon.engine.remedies import verb_remedy
from daemon.engine.spec_nodes import leaves, named
from state_machines.kind import ROLLING_BACK, Kind
from state_machines.lifecycle import ENDS
from state_machines.outcome import Remedy
from state_machines.record import Record

FORMED = "formed"
"""What a cluster remembers that was active once."""
MEMBER = "member"
"""What a node remembers that was told to join: the engine writes it down with that event."""
LEFT = "left"
"""What a node remembers that was released because the spec named it no more, and not because a person asked."""
STOPPED = tuple(state.name for state in ENDS if state.name != ROLLING_BACK)
"""Where a node stays until somebody moves it."""
MOST = 4
"""So many nodes are told of one by one; what is done about the others is the same."""


def in_spec(ctx: StepContext) -> list[Record]:
    """The nodes that the spec names."""
    names = named(ctx.cluster)
    return [member for member in ctx.members if member.name in names]


def leaving(ctx: StepContext) -> list[Record]:
    """The nodes that the spec names no more."""
    return [member for member in ctx.members if leaves(member, ctx.cluster)]


@cache
def _after_its_steps(kind: Kind) -> frozenset[str]:
    return frozenset(state.name for state in kind.states.values() if state.phase == "ok")


def has_arrived(kind: Kind, node: Record) -> bool:
    """Whether a node has all its steps behind it, in its cluster or not yet."""
    return node.state in _after_its_steps(kind)


def may_join(kind: Kind, node: Record) -> bool:
    """Whether a node that is ready waits to be told that it belongs to its cluster."""
    return kind.allows(node.state, node.step, "join")


def waits_in_line(node: Record) -> bool:
    """Whether a node waits for its turn within a limit of the daemon's own."""
    return bool(node.wait and node.wait.get("in_line"))


def told(kind: Kind, members: Iterable[Record]) -> str:
    """Where nodes stand, by the titles of their states; one that the tables do not have stands for itself."""
    titles = {name: state.title for name, state in kind.states.items()}
    return ", ".join(f"{member.name} is {titles.get(member.state, member.state)}" for member in members)


def ways_of_stopped(kind: Kind, members: Iterable[Record]) -> tuple[Remedy, ...]:
    """Nodes that stopped on their way have to go on."""
    found = [
        verb_remedy(kind, verb, one.name, one.state)
        for one in members
        if one.state in STOPPED and (verb := kind.parts.get("go on" if one.state == "held" else "again"))
    ]
    return tuple(found[:MOST])
