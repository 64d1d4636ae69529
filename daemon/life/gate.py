"""The gate: how many nodes have to be ready before a cluster forms, and which of them stand in its way."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from daemon.engine.context import StepContext
from daemon.life.members import LEFT, STOPPED, has_arrived, in_spec, told, waits_in_line, ways_of_stopped
from daemon.life.release import call_back
from state_machines.kind import Kind
from state_machines.outcome import Wait
from state_machines.record import Record


def new_nodes(ctx: StepContext, kind: Kind) -> list[Record]:
    """The nodes of the spec that nobody has told to begin yet."""
    return [one for one in in_spec(ctx) if one.state == kind.initial and not ctx.is_asked(one.name)]


async def send_out(ctx: StepContext, kind: Kind, facts: Mapping[str, Mapping[str, Any]]) -> None:
    """Every node of the spec is on its way, those too that were released by an earlier spec; ``facts`` are what a new
    one remembers from its beginning."""
    for member in in_spec(ctx):
        if member.state == kind.initial:
            await ctx.give(member.name, "start", facts={LEFT: None, **facts.get(member.name, {})})
        elif member.state == "rolled_back":
            await call_back(ctx, kind, member)


def needed(cluster: Record, members: Sequence[Record]) -> int:
    """How many of these nodes have to be ready: as many as the spec asks for, and no more than there are."""
    gate = cluster.spec["gate"]
    return len(members) if gate == "all" else min(gate, len(members))


def closed(ctx: StepContext, kind: Kind, poll: float) -> Wait | None:
    """The wait of a cluster that is to be formed, None once enough nodes are ready. Once too many have stopped, only a
    person can end it."""
    members = in_spec(ctx)
    least = needed(ctx.cluster, members)
    there = [member for member in members if has_arrived(kind, member)]
    if len(there) >= least:
        return None
    stopped = [member for member in members if member.state in STOPPED]
    evidence = f"{len(there)} of {len(members)} ready"
    if stopped:
        evidence += f"; {told(kind, stopped)}"
    lost = len(members) - len(stopped) < least
    in_line, ways = any(map(waits_in_line, members)), ways_of_stopped(kind, stopped) if lost else ()
    return Wait(f"{least} ready nodes", evidence, poll, attention=lost, in_line=in_line, remedies=ways)


def closed_for(ctx: StepContext, kind: Kind, late: Collection[str], poll: float) -> Wait | None:
    """The wait of a standing cluster for nodes that are late, None once all that can come have: one that stopped is
    left behind if enough others are there."""
    members = in_spec(ctx)
    absent = [member for member in members if member.name in late]
    missing = [member for member in absent if member.state not in STOPPED]
    if not missing and len(members) - len(absent) >= needed(ctx.cluster, members):
        return None
    in_line, ways = any(map(waits_in_line, members)), ways_of_stopped(kind, absent)
    return Wait(
        "all nodes to be ready",
        told(kind, absent),
        poll,
        attention=not missing,
        in_line=in_line,
        remedies=ways,
    )
