"""Which nodes are hosts of their cluster, and which of those have begun to leave it, by the ledger."""

from __future__ import annotations

from daemon.engine.context import StepContext
from daemon.platforms.ibm_nutanix.objects import HOST
from daemon.store.ops import Resource
from state_machines.record import Record

GOES_FIRST = "goes_first"
"""What the row of a host remembers whose server may be given back before it has left."""


def joined(ctx: StepContext) -> list[Record]:
    """The nodes that are in the cluster: those it was formed of and those that were taken in, but none that left or
    was asked to leave."""
    cluster = ctx.cluster.name
    rows = ctx.resources("nutanix_cluster", cluster)
    founders = {name for row in rows for name in row.data.get("members", ())}
    known = {row.name for row in ctx.resources(HOST, cluster) if row.state == "present"}
    new = {name for name in founders if ctx.resource(HOST, name, cluster) is None}
    return [member for member in ctx.members if member.name in known | new]


def on_the_way_out(ctx: StepContext) -> list[Record]:
    """The nodes that were asked to leave the cluster and have not left it yet: their CVMs know it still."""
    going = {row.name for row in ctx.resources(HOST, ctx.cluster.name) if row.state == "deleting"}
    return [member for member in ctx.members if member.name in going]


def is_in(ctx: StepContext, member: Record) -> bool:
    """Whether a node is in the cluster, on its way out or not."""
    return member in joined(ctx) or member in on_the_way_out(ctx)


def is_formed(ctx: StepContext) -> bool:
    """Whether there is a cluster, with anybody in it."""
    return bool(joined(ctx) or on_the_way_out(ctx))


def goes(row: Resource) -> bool:
    """Whether a host has begun to leave, or its server may be given back before it has left."""
    return row.state == "deleting" or bool(row.data.get(GOES_FIRST))


def staying(ctx: StepContext) -> set[str]:
    """The names of the nodes that are in the cluster and have not begun to leave it."""
    going = {row.name for row in ctx.resources(HOST, ctx.cluster.name) if goes(row)}
    return {member.name for member in joined(ctx)} - going
