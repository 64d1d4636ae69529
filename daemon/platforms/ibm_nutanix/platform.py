"""Nutanix on IBM Cloud VPC, put together: the tables, the steps and the drivers they speak through."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from daemon.clock import Clock
from daemon.drivers.ibm_auth import TrustedProfile
from daemon.drivers.ibm_calls import IbmCloud
from daemon.drivers.ibm_dns import open_dns
from daemon.drivers.ibm_vpc import open_vpc
from daemon.drivers.prism import Connections
from daemon.drivers.rates import TokenBucket
from daemon.engine.context import Step
from daemon.life import release
from daemon.life.members import FORMED
from daemon.memory.looks import Looks
from daemon.memory.mirror import Mirror
from daemon.platforms.base import (
    Bound,
    Check,
    Climb,
    Console,
    Finding,
    Foresight,
    Picture,
    Planned,
    Platform,
    Seed,
)
from daemon.platforms.ibm_nutanix import boot, picture, planned, undo
from daemon.platforms.ibm_nutanix.addresses import Known
from daemon.platforms.ibm_nutanix.audit import CloudAudit
from daemon.platforms.ibm_nutanix.bounds import bounds
from daemon.platforms.ibm_nutanix.cluster import ClusterSteps
from daemon.platforms.ibm_nutanix.console import server_console
from daemon.platforms.ibm_nutanix.cvms import Cvms
from daemon.platforms.ibm_nutanix.first_contact import PRISM_USER, FirstContact
from daemon.platforms.ibm_nutanix.ladder import LADDER
from daemon.platforms.ibm_nutanix.machine import MachineSteps
from daemon.platforms.ibm_nutanix.membership import Membership
from daemon.platforms.ibm_nutanix.names import Names
from daemon.platforms.ibm_nutanix.neighbours import Neighbourhoods
from daemon.platforms.ibm_nutanix.node import NodeSteps
from daemon.platforms.ibm_nutanix.preflight import Need, Preflight
from daemon.platforms.ibm_nutanix.reserved import addresses
from daemon.platforms.ibm_nutanix.settings import IbmSettings
from daemon.platforms.ibm_nutanix.vetoes import WAITS_FOR_NODES, veto
from daemon.platforms.ibm_nutanix.watch import ServerWatch
from daemon.platforms.ibm_nutanix.works_already import WorksAlready, interrupted
from daemon.settings.reading import Settings
from daemon.store.ops import Resource
from pxe.book import Guest
from state_machines import ibm_nutanix as tables
from state_machines.outcome import Problem
from state_machines.record import Record

THREADS = 4
"""For what blocks: the import of an SDK, and the one token of all."""


class IbmNutanix(Platform):
    """The platform of the name `ibm_nutanix`."""

    node = tables.NODE
    cluster = tables.CLUSTER

    def __init__(self, settings: IbmSettings, clock: Clock) -> None:
        self._settings = settings
        self._names = Names(settings.environment)
        self._replacing = planned.replacing(self._names)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="ibm")
        cloud = IbmCloud(
            TrustedProfile(settings.ibm_trusted_profile, settings.ibm_metadata_url),
            self._threads,
            settings.ibm_connections,
            (settings.ibm_connect_timeout, settings.ibm_read_timeout),
        )
        vpc = open_vpc(cloud, settings.ibm_vpc_url, TokenBucket(settings.rates_vpc_per_second, clock, "vpc"))
        dns = open_dns(cloud, settings.ibm_dns_url, TokenBucket(settings.rates_dns_per_second, clock, "dns"))
        self._vpc, self._services = vpc, (vpc, dns)
        watch = ServerWatch(vpc, clock, settings.poll_seconds)
        self._clock = clock
        self._preflight = Preflight(settings, vpc, dns)
        images = self._preflight.images
        node = NodeSteps(settings, vpc, dns, clock, watch, images)
        self._picker = node.picker
        self._connections = Connections()
        self._neighbourhoods = Neighbourhoods()
        server, now = node.disposals["server"], clock.now()
        contact = FirstContact(settings.prism_port, self._connections)
        self._works = WorksAlready(vpc, contact)
        machine = MachineSteps(settings, vpc, server, watch, contact, self._works, images, now)
        self._audit = CloudAudit(self._names, vpc, dns, node.disposals)
        cvms = Cvms(settings, self._connections)
        members = Membership(settings, cvms)
        cluster = ClusterSteps(settings, self._preflight, cvms, members, node.picker, clock)
        self.steps: Mapping[str, Step] = _steps(node, machine, self._works, cluster, members)
        self.undo: Mapping[str, Step] = _undo(node, cluster, settings.poll_seconds)

    def seeds(self, spec: Mapping[str, Any]) -> Sequence[Seed]:
        return planned.seeds(spec)

    def planned(self, spec: Mapping[str, Any]) -> Sequence[Planned]:
        return planned.objects(self._names, spec)

    def claims(self, spec: Mapping[str, Any]) -> Mapping[str, str]:
        return planned.claims(spec)

    def ruled_out(self, spec: Mapping[str, Any]) -> Mapping[str, str]:
        return planned.ruled_out(spec, self._settings.ibm_region)

    async def foresee(self, spec: Mapping[str, Any], mirror: Mirror) -> Foresight:
        nodes = [str(node["name"]) for node in spec["nodes"]]
        known, now = Known.of_mirror(mirror), self._clock.now()
        given = await self._picker.foresee(known, nodes, spec["ibm"], now)
        return planned.foresight(self._names, spec, given)

    def forms(self, spec: Mapping[str, Any]) -> Sequence[str]:
        return planned.forms(spec)

    def ahead(self, cluster: Record, grows: bool, shrinks: bool) -> Sequence[str]:
        return planned.passes(grows, shrinks) if cluster.facts.get(FORMED) else planned.forms(cluster.spec)

    def bounds(self, nodes: int, usual: Callable[[str], float | None]) -> Sequence[Bound]:
        return bounds(self._settings, nodes, usual)

    def may_change(self, setting: str) -> bool:
        return setting in planned.CHANGEABLE

    def stays(self, record: Record) -> str | None:
        return "it holds the address of the cluster" if record.spec["first"] else None

    def ties(self, node: str, rows: Sequence[Resource]) -> Sequence[Resource]:
        return self._replacing.ties(node, rows)

    def replacement(
        self, record: Record, rows: Sequence[Resource]
    ) -> tuple[Sequence[Resource], Sequence[Planned]]:
        return self._replacing.replacement(record, rows)

    def renewal(
        self, record: Record, rows: Sequence[Resource]
    ) -> tuple[Sequence[Resource], Sequence[Planned]]:
        old, new = self._replacing.renewal(record, rows)
        return [*old, *(interrupted(record, rows) if not old else ())], new

    def veto(self, verb: str, record: Record, cluster: Record) -> str | None:
        return veto(verb, record, cluster)

    def waits_for_nodes(self, step: str) -> bool:
        return step in WAITS_FOR_NODES

    def climb(self, record: Record, cluster: Record, problem: Problem) -> Climb | None:
        return LADDER.following(record, str(cluster.spec.get("climb_to", "none")), problem)

    async def hands_off(self, record: Record, mirror: Mirror) -> str | None:
        return await self._works.hands_off(record, mirror, self._clock.now())

    def login(self, record: Record, secret: Callable[[str], str | None]) -> Mapping[str, str] | None:
        password = secret("password")
        if password is None or not record.facts.get("secured"):
            return None
        url = f"https://{record.facts['external_ip']}:{self._settings.prism_port}"
        return {"url": url, "user": PRISM_USER, "password": password}

    def addresses(self, record: Record, resources: Sequence[Resource]) -> dict[str, str]:
        if record.name == record.shard:
            reached = record.facts.get("external_ip")
            return {"cluster": str(reached)} if reached else {}
        return addresses(resources)

    def picture(self, cluster: Record, members: Sequence[Record], mirror: Mirror, looks: Looks) -> Picture:
        return picture.picture(cluster, members, mirror, looks, self._settings.poll_seconds)

    def guest(self, mirror: Mirror, record: Record, secret: Callable[[str], str | None]) -> Guest | None:
        return boot.guest(self._settings, mirror, self._neighbourhoods, record, secret)

    async def console(
        self, record: Record, rows: Sequence[Resource], force: bool, hide: Callable[[str], None]
    ) -> Console:
        return await server_console(self._vpc, record, rows, force, hide, self._settings.ibm_connect_timeout)

    async def preflight(self, spec: Mapping[str, Any], mirror: Mirror) -> Sequence[Check]:
        nodes = {str(node["name"]): mirror.records.get(str(node["name"])) for node in spec["nodes"]}
        return await self._preflight.check(spec, Need.of(nodes, mirror.resources))

    async def audit(self, mirror: Mirror) -> Sequence[Finding]:
        return await self._audit.run(mirror)

    async def discard(self, mirror: Mirror, ids: Collection[str]) -> Sequence[Finding]:
        return await self._audit.discard(mirror, ids)

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        for service in self._services:
            await service.close()
        await self._connections.close()


def _steps(
    node: NodeSteps, machine: MachineSteps, works: WorksAlready, cluster: ClusterSteps, members: Membership
) -> Mapping[str, Step]:
    """State of a node or a cluster → the step that runs there."""
    before_giving_up = works.before_giving_up
    return {
        "reserving_ips": node.reserve_ips,
        "registering_dns": node.register_dns,
        "creating_vnis": node.create_vnis,
        "recording_config": node.record_config,
        "creating_server": node.create_server,
        "awaiting_boot": before_giving_up(machine.await_boot),
        "awaiting_config": before_giving_up(machine.await_config),
        "installing": before_giving_up(machine.install),
        "awaiting_cvm": machine.await_cvm,
        "preflight": cluster.preflight,
        "deploying": cluster.deploy,
        "creating_cluster": cluster.create,
        "awaiting_up": cluster.await_up,
        "changing_passwords": cluster.change_passwords,
        "joining_nodes": members.join,
        "removing_nodes": members.remove,
        "configuring": cluster.configure,
        "verifying_health": cluster.verify,
    }


def _undo(node: NodeSteps, cluster: ClusterSteps, poll: float) -> Mapping[str, Step]:
    """Stage of a rollback → what runs there."""
    return {
        "delete_dns": undo.stage("dns_record", "DNS records", node.disposals),
        "delete_server": undo.stage("server", "server", node.disposals),
        "delete_vnis": undo.stage("vni", "interfaces", node.disposals),
        "release_ips": undo.stage("reserved_ip", "addresses", node.disposals),
        "forget_config": undo.forget_config,
        "release_nodes": release.stage(poll, cluster.forget),
    }


def load(settings: Settings, clock: Clock) -> IbmNutanix:
    """The platform, ready to work; nothing is called and no SDK imported yet."""
    return IbmNutanix(IbmSettings.of(settings), clock)
