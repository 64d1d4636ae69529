"""Ready nodes are taken into a standing cluster one after the other, and are told that they belong to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from daemon.engine.context import StepContext
from daemon.life import gate
from daemon.life.members import has_arrived, in_spec, may_join
from daemon.life.release import LetGo, call_back
from state_machines.kind import Kind
from state_machines.outcome import Done, Outcome, Wait
from state_machines.record import Record

TakeIn = Callable[[StepContext, Record], Awaitable[Wait | None]]
"""Takes one node in that is there; what to wait for, None once it is a member like the others."""


async def join(ctx: StepContext, kind: Kind, take_in: TakeIn, let_go: LetGo, poll: float) -> Outcome:
    """Every node of the spec that is there is in the cluster. The next one has its turn once the one before is in, and
    one that is made anew leaves what it was a member of (``let_go``)."""
    late: list[str] = []
    for member in in_spec(ctx):
        if has_arrived(kind, member):
            waiting = await take_in(ctx, member)
        else:
            await call_back(ctx, kind, member)
            late.append(member.name)
            waiting = await let_go(ctx, member)
        if waiting is not None:
            return waiting
    return gate.closed_for(ctx, kind, late, poll) or Done()


async def tell(ctx: StepContext, kind: Kind, members: Sequence[Record], poll: float) -> Wait | None:
    """See to it that these nodes know that they belong; the wait until all do, then None."""
    outside = [one for one in members if not has_arrived(kind, one) or may_join(kind, one)]
    for member in outside:
        await ctx.give(member.name, "join")
    if not outside:
        return None
    return Wait("all nodes to join", f"not yet: {', '.join(one.name for one in outside)}", poll)
