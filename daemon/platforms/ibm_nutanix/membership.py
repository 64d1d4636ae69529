"""Who belongs to a standing cluster: ready nodes are taken in, and nodes that go leave it first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from daemon.engine.context import StepContext
from daemon.engine.objects import Disposal, Found, Want
from daemon.engine.remedies import verb_remedy
from daemon.errors.tree import NxdError, OutsideError
from daemon.life.join import back_first, join
from daemon.life.members import may_join
from daemon.life.release import remove
from daemon.platforms.ibm_nutanix.cvms import NOT_DELIVERED, Cvms, Host, factory_login
from daemon.platforms.ibm_nutanix.errors import CLUSTER_FAILED
from daemon.platforms.ibm_nutanix.hosts import GOES_FIRST, goes, joined, staying
from daemon.platforms.ibm_nutanix.machine import address_of
from daemon.platforms.ibm_nutanix.objects import HOST
from daemon.platforms.ibm_nutanix.planned import host_row
from daemon.platforms.ibm_nutanix.settings import IbmSettings
from daemon.platforms.ibm_nutanix.ways import of_kept
from daemon.store.ops import Resource
from state_machines.ibm_nutanix import CLUSTER, NODE
from state_machines.outcome import Outcome, Wait
from state_machines.record import Record

HOST_POLL = 30.0
"""Seconds between two looks at a host that joins or leaves."""
REFUSED = 422
MARKED = "MARKED_FOR_REMOVAL"
"""How the state of a host begins that Prism lets go."""
AGAIN = "again"
"""What the row of a host remembers that is taken in once more."""


class Membership:
    """The steps in which hosts come and go."""

    def __init__(self, settings: IbmSettings, cvms: Cvms) -> None:
        self._cvms = cvms
        self._poll = settings.poll_seconds

    async def join(self, ctx: StepContext) -> Outcome:
        """Every node of the spec that is there is in the cluster."""
        hosts = await self._cvms.hosts(ctx)
        known = {member.name for member in joined(ctx)}

        async def take_in(ctx: StepContext, member: Record) -> Wait | None:
            host = hosts.get(_cvm_address(ctx, member))
            return await self._take_in_when_ready(ctx, member, host, member.name in known)

        return await join(ctx, NODE, take_in, self.let_go, self._poll)

    async def _take_in_when_ready(
        self, ctx: StepContext, member: Record, host: Host | None, is_known: bool
    ) -> Wait | None:
        """See to it that a node which is there is a host; what to wait for, None once it is one. One that was on its
        way out, by a spec before or by somebody in Prism, has to be out before it can be taken in again."""
        row = ctx.resource(HOST, member.name)
        if row is not None and row.state == "gone" and ctx.is_asked(member.name):
            return Wait(f"{member.name} to do as it was told", "a verb waits for it", self._poll)
        if row is None and host is not None and is_known:
            await ctx.note_present(HOST, member.name, str(host["uuid"]))
        elif row is not None and _is_going(row, host):
            return await self._see_off(ctx, member, host)
        elif row is not None and (row.state != "present" or row.data.get(AGAIN)):
            return await self._take_in_again(ctx, member, host)
        elif may_join(NODE, member):
            return await self._take_in(ctx, member, host)
        elif row is not None and host is None:
            await self._lost(ctx, member, row)
            return Wait(f"{member.name} to be a host", "Prism does not list it", HOST_POLL)
        return None

    async def _take_in_again(self, ctx: StepContext, member: Record, host: Host | None) -> Wait | None:
        """Take in a node that was a host before; the row remembers it until it is one like the others."""
        row = ctx.resource(HOST, member.name)
        if row is not None and row.state == "gone" and host is not None:
            row = await ctx.note_present(HOST, member.name, str(host["uuid"]), **{AGAIN: True})
        waiting = await self._take_in(ctx, member, host)
        row = host_row(ctx, member.name)
        if row is not None and bool(row.data.get(AGAIN)) != (waiting is not None):
            await ctx.update(row, **{AGAIN: waiting is not None})
        return waiting

    async def _see_off(self, ctx: StepContext, member: Record, host: Host | None) -> Wait | None:
        """Finish a removal that was begun. A host that Prism keeps stays: and nobody asks any more for its removal."""
        try:
            left = await self.detach(ctx, member)
        except OutsideError as error:
            row = host_row(ctx, member.name)
            if error.status != REFUSED or host is None or row is None or row.data.get(GOES_FIRST):
                raise
            await ctx.note_present(HOST, member.name, str(host["uuid"]))
            return None
        if left:
            return Wait(f"{member.name} to join again", "it has left the cluster", poll=0)
        evidence = "its removal was begun: it leaves first, and is taken in again then"
        return Wait(f"{member.name} to leave the cluster and join again", evidence, HOST_POLL)

    async def lose(self, ctx: StepContext, hosts: Sequence[Host]) -> None:
        """See whether every host of the ledger is among these. Raises NxdError for one that is sure to be none."""
        there = {host["service_vmexternal_ip"] for host in hosts}
        rows = {row.name: row for row in ctx.resources(HOST)}
        for member in joined(ctx) if len(there) < len(rows) else ():
            if member.name in rows and _cvm_address(ctx, member) not in there:
                await self._lost(ctx, member, rows[member.name])

    async def _lost(self, ctx: StepContext, member: Record, row: Resource) -> None:
        """Note that a host is none any more, which nobody here has asked for. Raises NxdError once that is sure."""
        if not await ctx.vanished(row, self._disposal(ctx, member)):
            return
        await ctx.note_absent(row)
        raise _no_host(ctx, member, f"{member.name} is no host of {ctx.record.name} any more.")

    async def _take_in(self, ctx: StepContext, member: Record, host: Host | None) -> Wait | None:
        """Take one ready node in; what to wait for, None once it is a host like the others."""
        if member not in joined(ctx):
            await ctx.ensure(self._host(ctx, member))
            return Wait(f"{member.name} to join", "it was just taken in", poll=0)
        row = host_row(ctx, member.name)
        if row is None:
            return None
        if host is None:
            await ctx.note_absent(row)
            raise _no_host(ctx, member, f"{member.name} did not become a host of {ctx.record.name}.")
        if host["state"] == "NEW":
            return Wait(f"{member.name} to join", f"its host is {host['state']}", HOST_POLL)
        if await self._cvms.accepts(ctx, member, factory_login(member)):
            return Wait(f"{member.name} to refuse the factory password", "it still takes it", self._poll)
        return None

    def _host(self, ctx: StepContext, member: Record) -> Want:
        address = _cvm_address(ctx, member)
        node = member_view(ctx, member)

        async def find() -> Found | None:
            host = (await self._cvms.hosts(ctx)).get(address)
            return None if host is None else Found(str(host["uuid"]))

        async def create() -> Found:
            await self._cvms.any(ctx, lambda prism: prism.expand([node]), NOT_DELIVERED)
            found = await find()
            if found is None:
                raise OutsideError("in_doubt", f"The cluster does not list {member.name} yet.")
            return found

        return Want(HOST, member.name, find, create, lambda _: True, unique=False, proven=True)

    async def remove(self, ctx: StepContext) -> Outcome:
        """No node that the spec does not name is left, in the cluster or outside."""
        return await remove(ctx, self._see_out, self._poll)

    async def _see_out(self, ctx: StepContext, member: Record) -> Wait | None:
        if await self.detach(ctx, member):
            return None
        return Wait(f"{member.name} to leave the cluster", "its data moves to the others", HOST_POLL)

    async def detach(self, ctx: StepContext, member: Record) -> bool:
        """Let a host leave the cluster. True once it is seen to be gone."""
        row = host_row(ctx, member.name)
        return row is None or await ctx.remove(row, self._disposal(ctx, member))

    async def let_go(self, ctx: StepContext, member: Record) -> Wait | None:
        """Let the host of a node that is replaced leave; what a person has to mend first, None while nothing.

        Where too few would stay for the redundancy, Prism lets a host go only once it is down. Its server may be
        given back before that as long as every other host is well: the data can bear the loss of one, and so the
        next one leaves only once the one before is back.
        """
        row = host_row(ctx, member.name)
        if row is not None and not goes(row):
            others_first = back_first(ctx, NODE, member, staying(ctx), self._poll)
            if others_first is not None:
                return others_first
        try:
            await self.detach(ctx, member)
            return None
        except OutsideError as error:
            if error.status != REFUSED:
                raise
            said = error.evidence or error.message
        mine = _cvm_address(ctx, member)
        others = [host for address, host in (await self._cvms.hosts(ctx)).items() if address != mine]
        ill = [str(host["name"]) for host in others if host["state"] != "NORMAL" or host["is_degraded"]]
        if ill or len(others) < 2:
            why = f"not all others are well ({', '.join(ill)})" if ill else "too few others would stay"
            trouble = f"Prism does not let it go, and {why}: {said}"
            what, ways = f"{member.name} to leave the cluster", of_kept(member.name, ill)
            return Wait(what, trouble, HOST_POLL, attention=True, remedies=ways)
        row = host_row(ctx, member.name)
        if row is not None and not row.data.get(GOES_FIRST):
            await ctx.update(row, **{GOES_FIRST: True})
        return None

    def _disposal(self, ctx: StepContext, member: Record) -> Disposal:
        async def find(row: Resource) -> Found | None:
            host = (await self._cvms.hosts(ctx)).get(_cvm_address(ctx, member))
            return None if host is None else Found(str(host["uuid"]))

        async def get(row: Resource) -> Found | None:
            host = await self._cvms.any(ctx, lambda prism: prism.host(str(row.cloud_id)), but=member)
            return None if host is None else Found(str(host["uuid"]), {"state": host["state"]})

        async def delete(row: Resource) -> None:
            found = await get(row)
            if found is not None and not str(found.data["state"]).startswith(MARKED):
                await self._cvms.any(
                    ctx, lambda prism: prism.remove_host(found.cloud_id), NOT_DELIVERED, but=member
                )

        return Disposal(find, get, delete)


def _is_going(row: Resource, host: Host | None) -> bool:
    """Whether a host is on its way out of its cluster, whoever asked for it."""
    marked = host is not None and str(host["state"]).startswith(MARKED)
    return row.state == "deleting" or (row.state == "present" and marked)


def _no_host(ctx: StepContext, member: Record, said: str) -> NxdError:
    """A node that should be a host and is none: it is taken in again, or another server takes its place."""
    again, other = verb_remedy(CLUSTER, "retry", ctx.record.name), verb_remedy(NODE, "replace", member.name)
    return NxdError(CLUSTER_FAILED, said, remedy=[again, other])


def member_view(ctx: StepContext, member: Record) -> dict[str, Any]:
    """A node as Prism is told of it when it is to become a host."""
    rows = ctx.resources(owner=member.name)
    return {
        "cvm_ip": address_of(rows, "cvm"),
        "hypervisor_ip": address_of(rows, "ahv"),
        "node_position": member.spec["position"],
    }


def _cvm_address(ctx: StepContext, member: Record) -> str:
    return address_of(ctx.resources(owner=member.name), "cvm")
