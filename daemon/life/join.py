"""Ready nodes are taken into a standing cluster one after the other, and are told that they belong to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence

from daemon.engine.context import StepContext
from daemon.life import gate
from daemon.life.members import MEMBER, STOPPED, has_arrived, in_spec, may_join, told, ways_of_stopped
from daemon.life.release import LetGo, call_back
from state_machines.kind import Kind
from state_machines.outcome import Done, Outcome, Wait
from state_machines.record import Record

TakeIn = Callable[[StepContext, Record], Awaitable[Wait | None]]
"""Takes one node in that is there; what to wait for, None once it is a member like the others."""


async def join(ctx: StepContext, kind: Kind, take_in: TakeIn, let_go: LetGo, poll: float) -> Outcome:
    """Every node of the spec that is there is in the cluster. The next one has its turn once the one before is in, and
    one that is made anew leaves what it was a member of (``let_go``) once all that are there are in."""
    members = in_spec(ctx)
    for member in members:
        if has_arrived(kind, member):
            waiting = await take_in(ctx, member)
            if waiting is not None:
                return waiting
    late = [member for member in members if not has_arrived(kind, member)]
    for member in late:
        await call_back(ctx, kind, member)
    waiting = await let_go_all(ctx, late, let_go)
    return waiting or gate.closed_for(ctx, kind, [one.name for one in late], poll) or Done()


async def let_go_all(ctx: StepContext, members: Sequence[Record], let_go: LetGo) -> Wait | None:
    """Each of these has its look, whichever began to leave; the first wait of all, None while there is none."""
    waits = [await let_go(ctx, member) for member in members]
    return next((one for one in waits if one is not None), None)


def back_first(
    ctx: StepContext, kind: Kind, member: Record, inside: Collection[str], poll: float
) -> Wait | None:
    """The wait of a member that is to leave and be made anew, while another one has left and is not back, None while
    none is: a cluster lacks one at a time. ``inside`` are the nodes that are in it and stay."""
    out = [
        one
        for one in in_spec(ctx)
        if one.facts.get(MEMBER) and one.name not in inside and one.name != member.name
    ]
    if not out:
        return None
    names = ", ".join(one.name for one in out)
    return Wait(
        f"{names} to be back in the cluster before {member.name} leaves it",
        told(kind, out),
        poll,
        attention=all(one.state in STOPPED for one in out),
        in_line=True,
        remedies=ways_of_stopped(kind, out),
    )


async def tell(ctx: StepContext, kind: Kind, members: Sequence[Record], poll: float) -> Wait | None:
    """See to it that these nodes know that they belong; the wait until all do, then None."""
    outside = [one for one in members if not has_arrived(kind, one) or may_join(kind, one)]
    for member in outside:
        await ctx.give(member.name, "join")
    if not outside:
        return None
    return Wait("all nodes to join", f"not yet: {', '.join(one.name for one in outside)}", poll)
