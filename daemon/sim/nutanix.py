"""Controller VMs and the clusters they form: who is up, who belongs together, and what goes on inside."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from daemon.sim.certificates import Certificate, make_certificate
from daemon.sim.durations import DURATIONS
from daemon.sim.refusals import Json, Refusal
from daemon.sim.world import World

FACTORY_PASSWORD = "admin"
NODES_FOR_FACTOR = {2: 3, 3: 5}
"""The fewest nodes for a redundancy factor; factor 1 takes exactly one node."""


class Doors(Protocol):
    """Port 9440 of every address: what the network sees of the fleet."""

    async def open_door(self, address: str, certificate: Certificate) -> str | None:
        """Answer at an address from now on; or why that cannot be."""

    def close_door(self, address: str) -> None:
        """Answer no longer, and cut who is connected."""


@dataclass
class Cvm:
    """A controller VM on its node's disks. It keeps its certificate and its cluster when it restarts."""

    address: str
    hypervisor: str
    position: str
    node: str
    uuid: str = ""
    certificate: Certificate | None = None
    up: bool = False
    lost: bool = False
    own_password: str = FACTORY_PASSWORD
    cluster: Cluster | None = None

    @property
    def password(self) -> str:
        return self.cluster.password if self.cluster is not None else self.own_password


@dataclass
class PrismTask:
    """A task that runs from ``started`` to ``ends`` (virtual Unix seconds)."""

    uuid: str
    operation: str
    started: float
    ends: float
    entity: str
    error: str | None = None
    summary: str | None = None


@dataclass
class Cluster:
    """A cluster from the moment its creation was accepted; ``status`` is CREATING, UP or FAILED."""

    uuid: str
    name: str
    external_ip: str | None
    redundancy_factor: int
    functions: list[str]
    timezone: str
    members: list[Cvm]
    password: str
    status: str = "CREATING"
    incarnation: int = 0
    name_servers: list[str] = field(default_factory=list)
    ntp_servers: list[str] = field(default_factory=list)
    settings: Json = field(default_factory=dict)
    eula: Json | None = None
    pulse: Json = field(default_factory=lambda: {"enable": True, "isPulsePromptNeeded": True})
    degraded_until: float = 0.0
    degraded_since: float | None = None
    vip_open: bool = False


class Fleet:
    """Every CVM that is up, by its address, and every cluster, by its uuid."""

    def __init__(self, world: World, directory: Path | None) -> None:
        self._world = world
        self._directory = directory
        self.doors: Doors | None = None
        self.cvms: dict[str, Cvm] = {}
        self.clusters: dict[str, Cluster] = {}
        self.tasks: dict[str, PrismTask] = {}

    # one CVM

    async def switch_on(self, cvm: Cvm) -> str | None:
        """Bring a CVM up at its address; or why that cannot be."""
        if cvm.certificate is None:
            cvm.certificate = make_certificate(cvm.address, self._directory)
            cvm.uuid = self._world.plain_id()
        if cvm.address in self.cvms:
            return f"{cvm.address} is the address of another controller VM"
        self.cvms[cvm.address] = cvm
        cvm.up = True
        why_not = await self._open(cvm.address, cvm.certificate)
        if why_not is not None:
            self.switch_off(cvm)
            return why_not
        if cvm.cluster is not None:
            await self._attend_vip(cvm.cluster)
        return None

    def switch_off(self, cvm: Cvm) -> None:
        """Take a CVM down; what is on its disks stays."""
        if self.cvms.get(cvm.address) is not cvm:
            return
        del self.cvms[cvm.address]
        cvm.up = False
        if self.doors is not None:
            self.doors.close_door(cvm.address)
        if cvm.cluster is not None and not any(member.up for member in cvm.cluster.members):
            self._close_vip(cvm.cluster)

    def lose(self, cvm: Cvm) -> None:
        """The disks of a CVM are wiped: its cluster misses it for ever, and ends with its last member."""
        self.switch_off(cvm)
        cvm.lost = True
        cluster = cvm.cluster
        if cluster is not None and all(member.lost for member in cluster.members):
            self.clusters.pop(cluster.uuid, None)

    def cluster_named(self, name: str) -> Cluster | None:
        return next((c for c in self.clusters.values() if f"-{name}-" in f"-{c.name}-"), None)

    # clusters

    def create(self, asked: Cvm, body: Json) -> tuple[Cluster, PrismTask]:
        """Begin to form a cluster, as ``asked`` was told; refused with a reason if it cannot be."""
        members = self._members(asked, body["nodes"])
        factor = body["redundancy_factor"]
        if factor == 1 and len(members) != 1:
            raise _wrong("Redundancy factor 1 takes exactly one node.")
        if factor != 1 and factor not in NODES_FOR_FACTOR:
            raise _wrong(f"Redundancy factor {factor} is not supported.")
        if factor != 1 and len(members) < NODES_FOR_FACTOR[factor]:
            needed = NODES_FOR_FACTOR[factor]
            raise _wrong(f"Redundancy factor {factor} needs at least {needed} nodes, not {len(members)}.")
        external = body.get("external_ip") or None
        if external is not None:
            self._check_external(external)
        cluster = Cluster(
            uuid=self._world.plain_id(),
            name=body["name"],
            external_ip=external,
            redundancy_factor=factor,
            functions=body.get("cluster_functions", ["AOS"]),
            timezone=body.get("timezone", "UTC"),
            members=members,
            password=asked.password,
            incarnation=int(self._world.clock.uniform(10**18, 9 * 10**18)),
        )
        self.clusters[cluster.uuid] = cluster
        for member in members:
            if member.cluster is not None:
                self.clusters.pop(member.cluster.uuid, None)  # it failed, and is over with this
            member.cluster = cluster
        task = self.begin_task("cluster_create", "cluster.create", cluster.uuid)
        self._world.spawn(self._form(cluster, task), f"form {cluster.name}")
        return cluster, task

    async def _form(self, cluster: Cluster, task: PrismTask) -> None:
        await self._world.clock.sleep(task.ends - self._world.clock.now())
        now = self._world.clock.now()
        struck = self._world.faults.strike("cluster up", cluster.name, now) is not None
        down = [member.address for member in cluster.members if not member.up]
        if struck or down:
            cluster.status = "FAILED"
            task.error = f"Services did not start on {', '.join(down) or cluster.members[0].address}."
            return
        cluster.status = "UP"
        await self._attend_vip(cluster)

    def _members(self, asked: Cvm, nodes: list[Json]) -> list[Cvm]:
        addresses = [node["cvm_ip"] for node in nodes]
        positions = [node["node_position"] for node in nodes]
        if not nodes or len(set(addresses)) < len(addresses):
            raise _wrong("Each node must be named once.")
        if len(set(positions)) < len(positions):
            raise _wrong("Each node needs a node_position of its own.")
        if asked.address not in addresses:
            raise _wrong(f"The node {asked.address} that was asked is not among the nodes.")
        members = []
        for node in nodes:
            member = self.cvms.get(node["cvm_ip"])
            if member is None:
                raise _wrong(f"The node {node['cvm_ip']} cannot be reached.")
            if member.cluster is not None and member.cluster.status != "FAILED":
                message = f"The node {member.address} is already part of the cluster {member.cluster.name}."
                raise Refusal(409, "", message)
            if member.hypervisor != node["hypervisor_ip"]:
                raise _wrong(f"The hypervisor of {member.address} is not at {node['hypervisor_ip']}.")
            members.append(member)
        return members

    def _check_external(self, address: str) -> None:
        try:
            ipaddress.IPv4Address(address)
        except ValueError:
            raise _wrong(f"external_ip {address!r} is not an IPv4 address.") from None
        living = {c.external_ip for c in self.clusters.values() if c.status != "FAILED"}
        if address in self.cvms or address in living:
            raise _wrong(f"external_ip {address} is in use.")

    # what a cluster shows

    def degraded(self, cluster: Cluster) -> Cvm | None:
        """The member that is degraded now by a fault, which strikes when somebody first looks."""
        now = self._world.clock.now()
        if cluster.status != "UP":
            return None
        if self._world.faults.strike("cluster health", cluster.name, now) is not None:
            cluster.degraded_since = now
            cluster.degraded_until = now + DURATIONS["cluster.degraded"]
        return cluster.members[-1] if now < cluster.degraded_until else None

    def begin_task(self, operation: str, duration: str, entity: str) -> PrismTask:
        now = self._world.clock.now()
        task = PrismTask(self._world.plain_id(), operation, now, now + self._world.lasts(duration), entity)
        self.tasks[task.uuid] = task
        return task

    # doors

    async def _attend_vip(self, cluster: Cluster) -> None:
        """Answer at the cluster's own address, with the first member's certificate, while it is up."""
        first = cluster.members[0].certificate
        ready = cluster.status == "UP" and any(member.up for member in cluster.members)
        if cluster.external_ip is None or first is None or cluster.vip_open or not ready:
            return
        cluster.vip_open = True
        if await self._open(cluster.external_ip, first) is not None:
            cluster.vip_open = False

    def _close_vip(self, cluster: Cluster) -> None:
        if cluster.vip_open and cluster.external_ip is not None and self.doors is not None:
            cluster.vip_open = False
            self.doors.close_door(cluster.external_ip)

    async def _open(self, address: str, certificate: Certificate) -> str | None:
        return None if self.doors is None else await self.doors.open_door(address, certificate)


def _wrong(message: str) -> Refusal:
    return Refusal(422, "", message)
