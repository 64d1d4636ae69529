"""Nodes that go: each goes back to nothing, is seen to have done so, and is forgotten where no spec names it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from daemon.engine.context import Step, StepContext
from daemon.errors.tree import NxdError
from daemon.life.members import LEFT, leaving
from state_machines.kind import Kind
from state_machines.lifecycle import RELEASED
from state_machines.outcome import Done, Outcome, Remedy, Wait
from state_machines.record import Record

LetGo = Callable[[StepContext, Record], Awaitable[Wait | None]]
"""Lets one node out of what its cluster is outside; what to wait for, None once it is out."""


async def release(ctx: StepContext, members: Sequence[Record]) -> None:
    """See to it that nodes are rolled back. Raises NxdError when one cannot be."""
    for member in members:
        if member.state == "rollback_blocked" and not ctx.is_asked(member.name):
            raise _left_over(member)
        if member.state not in RELEASED:
            await ctx.give(member.name, "release", facts={LEFT: True})


async def call_back(ctx: StepContext, kind: Kind, member: Record) -> None:
    """A node that was released because an earlier spec did not name it begins anew, once nothing of it is left."""
    if ctx.is_asked(member.name):
        return
    again = kind.parts.get("again")
    if again is not None and member.state == "rolled_back" and member.facts.get(LEFT):
        await ctx.give(member.name, again, facts={LEFT: None})
    elif member.state == kind.initial:
        await ctx.give(member.name, "start", facts={LEFT: None})


async def remove(ctx: StepContext, let_go: LetGo, poll: float) -> Outcome:
    """No node that the spec does not name is left: each leaves its cluster, goes back to nothing, and is forgotten."""
    going = leaving(ctx)
    for member in going:
        waiting = await let_go(ctx, member)
        if waiting is not None:
            return waiting
    await release(ctx, going)
    for member in going:
        if member.state == "rolled_back":
            await ctx.forget(member)
    left = [member.name for member in leaving(ctx)]
    return Wait("nodes to be released", f"not yet: {', '.join(left)}", poll) if left else Done()


def stage(poll: float, last: Callable[[StepContext], Awaitable[Outcome]]) -> Step:
    """The stage of a cluster's rollback that ends when every node is rolled back; ``last`` is done after that."""

    async def run(ctx: StepContext) -> Outcome:
        left = [member for member in ctx.members if member.state != "rolled_back"]
        if not left:
            return await last(ctx)
        ctx.keep_protected()
        await release(ctx, left)
        evidence = f"{len(ctx.members) - len(left)} of {len(ctx.members)} released"
        return Wait("all nodes to be released", evidence, poll)

    return run


def _left_over(member: Record) -> NxdError:
    """A node that stands in the way is told with its own remedies."""
    error = member.error or {}
    return NxdError(
        "left_over",
        f"{member.name} could not be rolled back: {error.get('message', '')}",
        evidence=error.get("evidence"),
        remedy=[msgspec.convert(one, Remedy) for one in error.get("remedies", ())],
    )
