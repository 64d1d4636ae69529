"""The steps that make a node: addresses, names, interfaces, configuration, and the order of the server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from daemon.clock import Clock
from daemon.drivers.ibm_codes import ADDRESS_TAKEN
from daemon.drivers.ibm_dns import IbmDns
from daemon.drivers.ibm_vpc import IbmVpc
from daemon.engine.context import StepContext
from daemon.engine.objects import Disposal, Found, Want
from daemon.engine.remedies import verb_remedy
from daemon.errors.tree import NxdError, OutsideError, as_json
from daemon.life import installs, join
from daemon.life.boots import boot_progress
from daemon.life.replacing import FAILED_AT, UNWANTED, generation_of
from daemon.platforms.ibm_nutanix.addresses import AddressPicker, asked_for
from daemon.platforms.ibm_nutanix.boot_images import BootImages
from daemon.platforms.ibm_nutanix.hosts import GOES_FIRST, goes, staying
from daemon.platforms.ibm_nutanix.installer_reports import LAST_PHASE
from daemon.platforms.ibm_nutanix.listed import NO_ADDRESS_YET, NamedAddress, NamedInterface
from daemon.platforms.ibm_nutanix.names import CLUSTER_ROLE, NODE_ROLES, Names, Role, host_name
from daemon.platforms.ibm_nutanix.planned import FACT, host_row, offsets_of
from daemon.platforms.ibm_nutanix.power import press
from daemon.platforms.ibm_nutanix.server import (
    boot_url,
    is_unwanted,
    meddled_with,
    next_round,
    next_server,
    seal_boot_token,
    server_found,
    server_prototype,
    vanished,
)
from daemon.platforms.ibm_nutanix.settings import IbmSettings
from daemon.platforms.ibm_nutanix.taken_names import name_records
from daemon.platforms.ibm_nutanix.watch import ServerWatch
from daemon.store.ops import Resource
from state_machines.ibm_nutanix import NODE
from state_machines.outcome import Done, Fail, Outcome, Wait
from state_machines.record import Record

VNI_POLL = 5.0


def roles(record: Record) -> tuple[Role, ...]:
    """The addresses of this node; the first one reserves the cluster's too."""
    return (*NODE_ROLES, CLUSTER_ROLE) if record.spec["first"] else NODE_ROLES


class NodeSteps:
    """Forward steps up to the running server, and how each kind of object goes again."""

    def __init__(
        self,
        settings: IbmSettings,
        vpc: IbmVpc,
        dns: IbmDns,
        clock: Clock,
        watch: ServerWatch,
        images: BootImages,
    ) -> None:
        self._images = images
        self._settings = settings
        self._vpc = vpc
        self._servers = watch
        self._dns = dns
        self._clock = clock
        self._names = Names(settings.environment)
        self.picker = AddressPicker(vpc)
        self.disposals: Mapping[str, Disposal] = {
            "reserved_ip": Disposal(self._find_ip, self._get_ip, self._release_ip),
            "dns_record": Disposal(self._find_dns, self._get_dns, self._delete_dns),
            "vni": Disposal(self._find_vni, self._get_vni, self._delete_vni),
            "server": Disposal(self._find_server, self._get_server, self._delete_server),
        }

    async def reserve_ips(self, ctx: StepContext) -> Outcome:
        """One address per role, by name."""
        for role in roles(ctx.record):
            await self._reserve(ctx, role)
        return Done()

    async def _reserve(self, ctx: StepContext, role: Role) -> None:
        ibm = ctx.cluster.spec["ibm"]
        network = ibm[role.network]
        name = self._names.address(ctx.record.name, role)
        known = ctx.resource("reserved_ip", name)
        sent = known if known is not None and known.state != "gone" and known.sent > 0 else None
        if sent is not None and sent.data.get("refused") != ADDRESS_TAKEN.code:
            await ctx.ensure(self._ip(name, role, network["subnet"], asked_for(sent)))
            return
        if sent is not None:
            self.picker.forget(network["subnet"])
        preferred = ctx.record.facts.get(FACT, {}).get(role.component)
        async with self.picker.pick(ctx, network["subnet"], *offsets_of(ibm, role), preferred) as address:
            asked = [address]
            if sent is not None:  # an earlier call may still get what it asked for
                asked += asked_for(sent)
                await ctx.update(sent, address=address, asked=asked)
            await ctx.ensure(self._ip(name, role, network["subnet"], asked))

    def _ip(self, name: str, role: Role, subnet: str, asked: Sequence[str]) -> Want:
        """``asked``: the address to ask for, and those that earlier calls asked for under this name."""

        async def create() -> Found:
            made = await self._vpc.reserve_ip(subnet, asked[0], name)
            return Found(made["id"], {"address": asked[0]})

        return Want(
            "reserved_ip",
            name,
            find=lambda: self._ip_named(subnet, name),
            create=create,
            ours=lambda found: found.data["address"] in asked,
            data={"address": asked[0], "subnet": subnet, "role": role.component},
        )

    async def register_dns(self, ctx: StepContext) -> Outcome:
        """An A record per address."""
        dns = ctx.cluster.spec["ibm"]["dns"]
        for role in roles(ctx.record):
            row = self._address_row(ctx, role)
            name = host_name(ctx.record.name, ctx.record.shard, role, dns["name"])
            async with ctx.lock(f"dns:{dns['zone']}:{name}"):
                try:
                    await ctx.ensure(self._dns_record(dns, name, row.data["address"]))
                except NxdError as error:
                    await name_records(error, self._dns, dns, name)
                    raise
        return Done()

    def _dns_record(self, dns: Mapping[str, Any], name: str, address: str) -> Want:
        async def create() -> Found:
            made = await self._dns.create_record(
                dns["instance"], dns["zone"], "A", name, {"ip": address}, dns["ttl"]
            )
            return Found(made["id"], {"address": address})

        return Want(
            "dns_record",
            name,
            find=lambda: self._dns_named(dns["instance"], dns["zone"], name, address),
            create=create,
            ours=lambda found: found.data["address"] == address,
            data={"address": address, "instance": dns["instance"], "zone": dns["zone"]},
            unique=False,
        )

    async def create_vnis(self, ctx: StepContext) -> Outcome:
        """The management interface, with the hypervisor's and the CVM's address beside it, and the workload's."""
        for network in ("management", "workload"):
            row = await ctx.ensure(self._interface(ctx, network))
            vni = await self._vpc.vni(str(row.cloud_id))
            if vni is None:
                if not await ctx.vanished(row, self.disposals["vni"]):
                    return Wait(f"the interface {row.name}", "it is not shown yet", VNI_POLL)
                await ctx.note_absent(row)
                raise vanished("interface", row)
            state = vni["lifecycle_state"]
            if state in ("failed", "suspended"):
                remedy = verb_remedy(NODE, "rollback", ctx.record.name)
                raise NxdError(
                    "bad_request",
                    f"The interface {row.name} is {state}.",
                    evidence=as_json(vni),
                    remedy=remedy,
                )
            if state != "stable":
                return Wait(f"the interface {row.name}", f"it is {state}", VNI_POLL)
        return Done()

    def _interface(self, ctx: StepContext, network: str) -> Want:
        ibm = ctx.cluster.spec["ibm"]
        name = self._names.interface(ctx.record.name, network)
        on = [role for role in NODE_ROLES if role.network == network]
        ids = [str(self._address_row(ctx, role).cloud_id) for role in on]

        async def create() -> Found:
            made = await self._vpc.create_vni(
                name,
                ids[0],
                ids[1:],
                ibm[network]["security_groups"],
                ibm[network]["subnet"],
                ibm["resource_group"],
                allow_ip_spoofing=True,
            )
            return Found(made["id"], {"primary_ip": ids[0]})

        return Want(
            "vni",
            name,
            find=lambda: self._vni_named(name),
            create=create,
            ours=lambda found: found.data["primary_ip"] == ids[0],
            data={"network": network, "primary_ip": ids[0]},
            proven=True,
        )

    async def record_config(self, ctx: StepContext) -> Outcome:
        """The boot token is made and sealed; the configuration follows from the ledger from here on."""
        await seal_boot_token(ctx, generation_of(ctx.record))
        return Done({"recorded": True})

    async def create_server(self, ctx: StepContext) -> Outcome:
        """Order the server and see it running. One that failed is deleted on retry, and a new one ordered."""
        generation = generation_of(ctx.record)
        row = ctx.resource("server", self._names.server(ctx.record.name, generation))
        if row is None or row.state in ("intended", "gone"):
            if host_row(ctx, ctx.record.name) is not None:
                return self._still_a_host(ctx)
            waiting = await self._order_server(ctx, generation, row)
            if waiting is not None:
                return waiting
            row = ctx.resource("server", self._names.server(ctx.record.name, generation))
            assert row is not None
        if row.state == "deleting" or is_unwanted(ctx.record, row):
            if UNWANTED not in row.data:  # so it stays, also when this fails and is tried again
                row = await ctx.update(row, **{UNWANTED: True})
            host = host_row(ctx, ctx.record.name)
            if host is not None and not host.data.get(GOES_FIRST):
                return self._still_a_host(ctx)
            if not await ctx.remove(row, self.disposals["server"]):
                return Wait(f"the old server {row.name} to be gone", "it is being deleted", self._poll)
            await next_server(ctx)
            return Wait("a new server", "the old one is gone", poll=0)
        return await self._judge_server(ctx, row)

    def _still_a_host(self, ctx: StepContext) -> Wait:
        """A node that is replaced leaves its cluster first. Raises Protected."""
        ctx.keep_protected()
        now, row = ctx.cluster.state.replace("_", " "), host_row(ctx, ctx.record.name)
        others_first = join.back_first(ctx, NODE, ctx.record, staying(ctx), self._poll)
        if others_first is not None and row is not None and not goes(row):
            return replace(others_first, waiting_for="its cluster to let it go")
        return Wait("its cluster to let it go", f"{ctx.cluster.name} is {now}", self._poll)

    async def _order_server(self, ctx: StepContext, generation: int, row: Resource | None) -> Wait | None:
        """A new machine boots anew, known by nothing that an earlier one had. One that could not is not ordered."""
        again = row is not None and row.state == "gone"
        if (row is None or again or not row.sent) and (trouble := await self._images.trouble()):
            return trouble.wait(self._poll)
        if again or ctx.record.facts.get("ordered") != generation:
            async with ctx.lock("installs"):
                waiting = installs.full(ctx, self._settings.limits_installs, self._poll)
                if waiting is not None:
                    return waiting
                await next_round(ctx, ordered=generation, **{installs.FACT: True})
        await ctx.ensure(self._server(ctx, generation))
        return None

    def _server(self, ctx: StepContext, generation: int) -> Want:
        name = self._names.server(ctx.record.name, generation)
        vnis = {row.data["network"]: str(row.cloud_id) for row in ctx.resources("vni")}
        ibm, url = ctx.cluster.spec["ibm"], boot_url(self._settings.boot_url, ctx)

        async def create() -> Found:
            return server_found(await self._vpc.create_server(server_prototype(ibm, name, vnis, url)))

        async def find() -> Found | None:
            found = await self._vpc.server_named(name)
            return None if found is None else server_found(found)

        mark = {vnis["management"], vnis["workload"]}
        return Want(
            "server",
            name,
            find=find,
            create=create,
            ours=lambda found: set(found.data["vnis"]) == mark,
            data={"attempt": ctx.record.attempt, "vnis": sorted(mark), "profile": ibm["profile"]},
            proven=True,
        )

    async def _judge_server(self, ctx: StepContext, row: Resource) -> Outcome:
        server = await self._servers.server(str(row.cloud_id), row.data["vnis"])
        if server is None:
            if not await ctx.vanished(row, self.disposals["server"]):
                return Wait(f"the server {row.name} to run", "it is not shown yet", self._poll)
            await ctx.note_absent(row)
            await next_server(ctx)
            raise vanished("server", row)
        trouble = meddled_with(ctx, row, server, ran_before=False)
        if trouble is not None:
            await ctx.update(row, **{FAILED_AT: ctx.record.attempt})
            return Fail(trouble.problem())
        if server["status"] == "running" or boot_progress(ctx.record, ctx.signals(), LAST_PHASE).begun:
            return Done()
        return Wait(f"the server {row.name} to run", f"its status is {server['status']}", self._poll)

    @property
    def _poll(self) -> float:
        return self._settings.poll_seconds

    def _address_row(self, ctx: StepContext, role: Role) -> Resource:
        row = ctx.resource("reserved_ip", self._names.address(ctx.record.name, role))
        assert row is not None and row.state == "present", f"{role.component} address is not reserved"
        return row

    # How each kind is found by name, looked at by id, and deleted.

    async def _ip_named(self, subnet: str, name: str) -> Found | None:
        for ip in await self._vpc.reserved_ips(NamedAddress, subnet):
            if ip.name == name:
                if ip.address == NO_ADDRESS_YET:
                    message = f"The reserved IP {name} ({ip.id}) does not show its address yet."
                    raise OutsideError("in_doubt", message, after=VNI_POLL)
                made = datetime.fromisoformat(ip.created_at).timestamp()
                return Found(ip.id, {"address": ip.address}, made)
        return None

    async def _find_ip(self, row: Resource) -> Found | None:
        found = await self._ip_named(row.data["subnet"], row.name)
        return found if found is not None and found.data["address"] in asked_for(row) else None

    async def _get_ip(self, row: Resource) -> Found | None:
        found = await self._vpc.reserved_ip(row.data["subnet"], str(row.cloud_id))
        return None if found is None else Found(found["id"])

    async def _release_ip(self, row: Resource) -> None:
        await self._vpc.release_ip(row.data["subnet"], str(row.cloud_id))

    async def _dns_named(self, instance: str, zone: str, name: str, address: str) -> Found | None:
        """The record of this name: the one with our address, where somebody else has one beside it."""
        records = await self._dns.address_records(instance, zone, name=name)
        named = [record for record in records if record["name"] == name]
        if not named:
            return None
        found = next((record for record in named if record["rdata"]["ip"] == address), named[0])
        made = datetime.fromisoformat(found["created_on"]).timestamp()
        return Found(found["id"], {"address": found["rdata"]["ip"]}, made)

    async def _find_dns(self, row: Resource) -> Found | None:
        data = row.data
        found = await self._dns_named(data["instance"], data["zone"], row.name, data["address"])
        return _only_ours(found, "address", row)

    async def _get_dns(self, row: Resource) -> Found | None:
        found = await self._dns.record(row.data["instance"], row.data["zone"], str(row.cloud_id))
        return None if found is None else Found(found["id"])

    async def _delete_dns(self, row: Resource) -> None:
        """Delete the record, and before it every twin: the service refuses none, and a proxy may send a call
        twice."""
        instance, zone = row.data["instance"], row.data["zone"]
        for record in await self._dns.address_records(instance, zone, name=row.name):
            same = (record["name"], record["rdata"]["ip"]) == (row.name, row.data["address"])
            if same and record["id"] != row.cloud_id:
                await self._dns.delete_record(instance, zone, record["id"])
        await self._dns.delete_record(instance, zone, str(row.cloud_id))

    async def _vni_named(self, name: str) -> Found | None:
        for vni in await self._vpc.vnis(NamedInterface):
            if vni.name == name:
                return Found(vni.id, {"primary_ip": vni.primary_ip.id})
        return None

    async def _find_vni(self, row: Resource) -> Found | None:
        return _only_ours(await self._vni_named(row.name), "primary_ip", row)

    async def _get_vni(self, row: Resource) -> Found | None:
        found = await self._vpc.vni(str(row.cloud_id))
        return None if found is None else Found(found["id"])

    async def _delete_vni(self, row: Resource) -> None:
        vni = await self._vpc.vni(str(row.cloud_id))
        if vni is not None and vni["lifecycle_state"] != "deleting":
            await self._vpc.delete_vni(str(row.cloud_id))

    async def _find_server(self, row: Resource) -> Found | None:
        found = await self._vpc.server_named(row.name)
        return None if found is None else _only_ours(server_found(found), "vnis", row)

    async def _get_server(self, row: Resource) -> Found | None:
        return server_found(found) if (found := await self._vpc.server(str(row.cloud_id))) else None

    async def _delete_server(self, row: Resource) -> Mapping[str, Any] | None:
        """Power off, then delete: a running server cannot be deleted."""
        id_ = str(row.cloud_id)
        server = await self._vpc.server(id_)
        if server is None or server["status"] == "deleting":
            return None
        if server["status"] in ("stopped", "failed"):
            await self._vpc.delete_server(id_)
            return None
        now = self._clock.now()
        return await press(row, "stop", str(server["status"]), lambda: self._vpc.stop_server(id_), now)


def _only_ours(found: Found | None, mark: str, row: Resource) -> Found | None:
    """What was found by name, if it carries our mark; somebody else's is none of our business."""
    return found if found is not None and found.data[mark] == row.data[mark] else None
