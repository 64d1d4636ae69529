"""The fleet: which CVMs are up, who belongs together, and what goes on inside a cluster."""

from __future__ import annotations

import hmac
from pathlib import Path

from daemon.sim.faults.rules import Strike
from daemon.sim.nutanix.certificates import Certificate, make_certificate
from daemon.sim.nutanix.cvm import (
    FACTORY_PASSWORDS,
    REAL,
    SEED,
    VERSION,
    Cluster,
    Cvm,
    FoundationSession,
    Listeners,
    PrismTask,
)
from daemon.sim.nutanix.forming import check_address, check_together, described_by, members_of, nodes_at
from daemon.sim.nutanix.operations import Operations
from daemon.sim.refusals import Json
from daemon.sim.world.world import World

OLD_VERSION = "6.5.2"
SERVICES_START = 0.5
"""In the personality ``real``, the share of a cluster's creation after which Prism takes connections."""
STRANGERS = "theirs"
"""The name of a cluster that somebody else forms of our controller VMs."""
_LOOK = 5.0
_UNUSUAL = {"used": "somebody was here", "old_default": "nutanix/4u"}
"""Passwords that a rule gives a fresh CVM."""


class NutanixFleet:
    """Every CVM that is up, by its address, and every cluster, by its uuid."""

    def __init__(self, world: World, directory: Path | None, personality: str = SEED) -> None:
        self._world = world
        self._personality = personality
        self.personalities: dict[str, str] = {}
        """By a word of a cluster's or node's name, where it is not the one of the whole world."""
        self._directory = directory
        self.listeners: Listeners | None = None
        self.cvms: dict[str, Cvm] = {}
        self.clusters: dict[str, Cluster] = {}
        self.tasks: dict[str, PrismTask] = {}
        self.operations = Operations(world.clock.now)
        self._strangers: list[Cluster] = []

    # one CVM

    def dress(self, word: str, personality: str) -> None:
        """Give the CVMs of the clusters and nodes with this word in their names, or all, a personality."""
        self.personalities[word] = personality

    def undress(self, word: str) -> None:
        """Fresh CVMs are again as the whole world is."""
        self.personalities.pop(word, None)

    def personality(self, cvm: Cvm) -> str:
        """The personality of a fresh CVM, by the cluster that it is meant for and its node."""
        names = (f"-{cvm.cluster_name}-", f"-{cvm.node}-")
        for word, personality in self.personalities.items():
            if not word or any(f"-{word}-" in name for name in names):
                return personality
        return self._personality

    async def switch_on(self, cvm: Cvm, strike: Strike | None = None) -> str | None:
        """Bring a CVM up at its address, with what a rule does to it; or why that cannot be."""
        if cvm.certificate is None:
            self._make(cvm, strike)
        if cvm.address in self.cvms:
            return f"{cvm.address} is the address of another controller VM"
        self.cvms[cvm.address] = cvm
        cvm.up = True
        why_not = await self._greet(cvm, strike if strike and strike.action == "handshake" else None)
        if why_not is not None:
            self.switch_off(cvm)
            return why_not
        if cvm.cluster is not None:
            await self._attend_vip(cvm.cluster)
        return None

    def _make(self, cvm: Cvm, strike: Strike | None) -> None:
        """What a CVM gets when it comes up for the first time."""
        action = strike.action if strike is not None else ""
        shown = "203.0.113.9" if action == "name" else cvm.address
        cvm.certificate = make_certificate(shown, self._directory)
        cvm.uuid = self._world.plain_id()
        cvm.serial = "5EA1ED00" if action == "twin" else cvm.uuid[:8]
        cvm.version = OLD_VERSION if action == "old" else VERSION
        cvm.personality = self.personality(cvm)
        cvm.own_password = _UNUSUAL.get(action, FACTORY_PASSWORDS[cvm.personality])
        if action == "used":
            cvm.shell_password = cvm.own_password

    async def _greet(self, cvm: Cvm, broken: Strike | None) -> str | None:
        """Open the ports that answer now."""
        assert cvm.certificate is not None
        if cvm.personality == REAL and self.listeners is not None:
            why_not = await self.listeners.open_foundation(cvm.address) or self._open_shell(cvm)
            if why_not is not None or cvm.cluster is None:
                return why_not
        if broken is not None and self.listeners is not None:
            self._world.spawn(self._mend_prism(cvm, cvm.certificate, broken), f"port of {cvm.address}")
            return await self.listeners.open_broken_prism(cvm.address)
        return await self._open(cvm.address, cvm.certificate)

    def _open_shell(self, cvm: Cvm) -> str | None:
        """Take SSH connections, at once or, if a rule says so, after a while."""
        assert self.listeners is not None
        strike = self._world.strike("ssh start", cvm.cluster_name, cvm.node)
        if strike is None:
            return self.listeners.open_shell(cvm)
        listeners = self.listeners

        async def later() -> None:
            await self._world.hold(strike)
            if cvm.up:
                listeners.open_shell(cvm)

        self._world.spawn(later(), f"shell of {cvm.address}")
        return None

    async def _mend_prism(self, cvm: Cvm, certificate: Certificate, broken: Strike) -> None:
        await self._world.hold(broken)
        if cvm.up and self.listeners is not None:
            self.listeners.close_prism(cvm.address)
            await self._open(cvm.address, certificate)

    def switch_off(self, cvm: Cvm) -> None:
        """Take a CVM down; what is on its disks stays."""
        if self.cvms.get(cvm.address) is not cvm:
            return
        del self.cvms[cvm.address]
        cvm.up = False
        if self.listeners is not None:
            self.listeners.close_prism(cvm.address)
            self.listeners.close_foundation(cvm.address)
            self.listeners.close_shell(cvm.address)
        if cvm.cluster is not None and not any(member.up for member in cvm.cluster.members):
            self._close_vip(cvm.cluster)

    def lose(self, cvm: Cvm) -> None:
        """The disks of a CVM are wiped: its cluster misses it for ever, and ends with its last member."""
        self.switch_off(cvm)
        cvm.lost = True
        cluster = cvm.cluster
        if cluster is not None and all(member.lost for member in cluster.members):
            self._end(cluster)

    def cluster_named(self, name: str) -> Cluster | None:
        return next((c for c in self.clusters.values() if f"-{name}-" in f"-{c.name}-"), None)

    # clusters

    def create(self, asked: Cvm, body: Json) -> tuple[Cluster, PrismTask]:
        """Begin to form a cluster, as ``asked`` was told; refused with a reason if it cannot be."""
        members = self.vet(asked, body)
        if (
            self._world.strike("cluster create", body["name"]) is not None
        ):  # somebody else was an instant earlier
            other = described_by(
                {**body, "name": STRANGERS, "external_ip": None}, self._world, asked, members
            )
            self._strangers.append(other)
            self._begin(other)
            members = self.vet(asked, body)
        cluster = described_by(body, self._world, asked, members)
        return cluster, self._begin(cluster)

    def remove_strangers(self) -> None:
        """Dissolve the clusters that somebody else formed."""
        while self._strangers:
            self.dissolve(self._strangers.pop())

    def vet(self, asked: Cvm, body: Json) -> list[Cvm]:
        """The members of the cluster that ``asked`` is told to form; refused with a reason if it cannot be."""
        members = members_of(self.cvms, asked, body["nodes"])
        check_together(members, body["redundancy_factor"])
        if body.get("external_ip"):
            check_address(body["external_ip"], self.cvms, self.clusters.values())
        return members

    def found(self, asked: Cvm, described: Json) -> FoundationSession:
        """Begin to form the cluster that Foundation was told to; refused with a reason if it cannot be."""
        nodes = nodes_at(self.cvms, described.get("cluster_members", []))
        body: Json = {
            "name": described.get("cluster_name") or "Unnamed",
            "external_ip": described.get("cluster_external_ip"),
            "redundancy_factor": int(described.get("redundancy_factor", 2)),
            "timezone": described.get("timezone") or "UTC",
            "nodes": nodes,
        }
        failing = self._world.strike("session end", body["name"])
        if failing is None:
            cluster, task = self.create(asked, body)
            cluster.name_servers = str(described.get("cvm_dns_servers") or "").replace(",", " ").split()
            cluster.ntp_servers = str(described.get("cvm_ntp_servers") or "").replace(",", " ").split()
        now = self._world.clock.now()
        asked.session = FoundationSession(
            session_id=self._world.plain_id(),
            cluster=body["name"],
            members=[node["cvm_ip"] for node in nodes],
            started=now,
            ends=now + self._world.lasts("cluster.services") if failing is not None else task.ends,
            error=None if failing is None else str(failing.what.get("message", "Cluster creation failed.")),
        )
        return asked.session

    def _begin(self, cluster: Cluster) -> PrismTask:
        """The members belong together from now on; that they work together takes its time."""
        self.clusters[cluster.uuid] = cluster
        for member in cluster.members:
            if member.cluster is not None:
                self.clusters.pop(member.cluster.uuid, None)  # it failed, and is over with this
            member.cluster = cluster
        task = self.begin_task("create", "cluster.create", cluster)
        self._world.spawn(self._form(cluster, task), f"form {cluster.name}")
        return task

    async def _form(self, cluster: Cluster, task: PrismTask) -> None:
        strike = self._world.strike("cluster up", cluster.name)
        lasts = task.ends - self._world.clock.now()
        await self._world.clock.sleep(lasts * SERVICES_START)
        for member in cluster.members:
            if member.personality == REAL and member.up and member.certificate is not None:
                await self._open(member.address, member.certificate)
        await self._world.clock.sleep(lasts * (1 - SERVICES_START))
        if strike is not None and strike.action == "stuck":
            await self._world.hold(strike)
        down = [member.address for member in cluster.members if not member.up]
        if down or (strike is not None and strike.action in ("fail", "half")):
            half = strike is not None and strike.action == "half"
            cluster.status = "HALF" if half else "FAILED"
            self.operations.over(cluster.name)
            task.error = f"Services did not start on {', '.join(down) or cluster.members[0].address}."
            return
        if strike is not None and strike.action == "vanish":
            self.dissolve(cluster)
            return
        cluster.status = "UP"
        await self._attend_vip(cluster)

    # the power buttons of a cluster

    def stop(self, cluster: Cluster) -> None:
        """Stop the services on every member: Prism is refused, what is stored stays."""
        cluster.status = "STOPPED"
        self._shut(cluster)

    def start(self, cluster: Cluster) -> None:
        """Start the services; that lasts until every member is up, and a while."""
        cluster.status = "STARTING"
        self._world.spawn(self._start(cluster), f"start {cluster.name}")

    async def _start(self, cluster: Cluster) -> None:
        while not all(member.up for member in cluster.members):
            await self._world.clock.sleep(_LOOK)
        await self._world.take("cluster.services")
        if cluster.status != "STARTING":
            return
        for member in cluster.members:
            if member.up and member.certificate is not None:
                await self._open(member.address, member.certificate)
        cluster.status = "UP"
        await self._attend_vip(cluster)

    async def move_vip(self, cluster: Cluster, address: str) -> None:
        """Give a cluster another address of its own."""
        check_address(address, self.cvms, [c for c in self.clusters.values() if c is not cluster])
        self._close_vip(cluster)
        cluster.external_ip = address
        await self._attend_vip(cluster)

    def dissolve(self, cluster: Cluster) -> None:
        """End a cluster: each member is as it was before, but for the password of its shell."""
        for member in list(cluster.members):
            self.withdraw(member)

    def withdraw(self, cvm: Cvm) -> None:
        """A CVM forgets its cluster, which ends with its last member. That the factory password of Prism comes
        back with it is a guess."""
        cluster = cvm.cluster
        if cluster is None:
            return
        cvm.cluster, cvm.moving = None, None
        cvm.own_password = FACTORY_PASSWORDS[cvm.personality]
        if self.listeners is not None and cvm.personality == REAL:
            self.listeners.close_prism(cvm.address)
        if cluster.members == [cvm]:
            self._close_vip(cluster)
            cluster.status = "FAILED"
            self._end(cluster)
        else:
            cluster.members.remove(cvm)

    def _end(self, cluster: Cluster) -> None:
        """There is no such cluster any more."""
        if self.clusters.pop(cluster.uuid, None) is not None:
            self.operations.over(cluster.name)

    def _shut(self, cluster: Cluster) -> None:
        """Close every port of a cluster's Prism."""
        self._close_vip(cluster)
        for member in cluster.members:
            if self.listeners is not None:
                self.listeners.close_prism(member.address)

    # what a cluster shows

    def trouble(self, cluster: Cluster) -> str | None:
        """What is wrong with a cluster that is up, by a rule, which strikes when somebody first looks:
        ``degraded``, ``state``, ``redundancy`` or ``few``. It concerns the last member."""
        now = self._world.clock.now()
        if cluster.status != "UP":
            return None
        strike = self._world.strike("cluster health", cluster.name)
        if strike is not None:
            cluster.health, cluster.degraded_since = strike, now
            cluster.health_until = now + (strike.seconds if strike.seconds is not None else float("inf"))
        held = cluster.health
        if held is None or held.over.is_set() or now >= cluster.health_until:
            return None
        return held.action

    def begin_task(self, operation: str, duration: str, cluster: Cluster) -> PrismTask:
        now = self._world.clock.now()
        ends = now + self._world.lasts(duration)
        task = PrismTask(self._world.plain_id(), operation, now, ends, cluster.uuid)
        task.strike = self._world.strike(f"cluster task {operation}", cluster.name)
        if task.strike is not None and task.strike.action == "fail":
            task.error = str(task.strike.what.get("message", "The task failed."))
        self.tasks[task.uuid] = task
        return task

    # passwords

    def accepts(self, cvm: Cvm, password: str) -> bool:
        """Whether a CVM takes this password now; the old one a little longer than the change."""
        given = password.encode()
        if hmac.compare_digest(given, cvm.password.encode()):
            return True
        cluster = cvm.cluster
        if cluster is None or cluster.old_password is None:
            return False
        late = self._world.clock.now() < cluster.old_password_until
        return late and hmac.compare_digest(given, cluster.old_password.encode())

    def change_password(self, cvm: Cvm, new: str) -> None:
        """Change it on every member. Where the personality is ``real``, that takes a while to be known."""
        cluster = cvm.cluster
        if cluster is None:
            cvm.own_password = new
            return
        strike = self._world.strike("cluster password", cluster.name)
        wait = self._world.lasts("cluster.password_sync") if cvm.personality == REAL else 0.0
        wait += (strike.seconds or 0.0) if strike is not None else 0.0
        cluster.old_password, cluster.old_password_until = cluster.password, self._world.clock.now() + wait
        cluster.password = new

    # ports

    async def _attend_vip(self, cluster: Cluster) -> None:
        """Answer at the cluster's own address, with the first member's certificate, while it is up."""
        first = cluster.members[0].certificate
        ready = cluster.status == "UP" and any(member.up for member in cluster.members)
        if cluster.external_ip is None or first is None or cluster.vip_open or not ready:
            return
        silent = self._world.strike("cluster vip", cluster.name)
        if silent is not None:
            self._world.spawn(self._attend_later(cluster, silent), f"address of {cluster.name}")
            return
        cluster.vip_open = True
        if await self._open(cluster.external_ip, first) is not None:
            cluster.vip_open = False

    async def _attend_later(self, cluster: Cluster, silent: Strike) -> None:
        await self._world.hold(silent)
        await self._attend_vip(cluster)

    def _close_vip(self, cluster: Cluster) -> None:
        if cluster.vip_open and cluster.external_ip is not None and self.listeners is not None:
            cluster.vip_open = False
            self.listeners.close_prism(cluster.external_ip)

    async def answer(self, address: str, certificate: Certificate) -> str | None:
        """Prism takes connections at an address from now on; or why that cannot be."""
        return await self._open(address, certificate)

    def fall_silent(self, address: str) -> None:
        """Prism takes no connections at an address any more."""
        if self.listeners is not None:
            self.listeners.close_prism(address)

    async def _open(self, address: str, certificate: Certificate) -> str | None:
        return None if self.listeners is None else await self.listeners.open_prism(address, certificate)
