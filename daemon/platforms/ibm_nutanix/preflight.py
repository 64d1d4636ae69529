"""Looks up what a deployment needs before any money is spent, and says of each line how it stands."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from daemon.disks import read_within
from daemon.drivers.ibm_dns import IbmDns
from daemon.drivers.ibm_vpc import IbmVpc
from daemon.errors.tree import NxdError, OutsideError, outside
from daemon.life.replacing import generation_of, is_unfit
from daemon.platforms.base import Check
from daemon.platforms.ibm_nutanix.boot_images import DISK_SECONDS, BootImages
from daemon.platforms.ibm_nutanix.listed import Lists
from daemon.platforms.ibm_nutanix.manifest import MANIFEST
from daemon.platforms.ibm_nutanix.names import CLUSTER_ROLE, NODE_ROLES, Names, Role
from daemon.platforms.ibm_nutanix.namesakes import Namesakes
from daemon.platforms.ibm_nutanix.reach import (
    PORTS,
    Network,
    Reach,
    admits,
    endpoints,
    host_network,
)
from daemon.platforms.ibm_nutanix.routes import BOOT, CONFIG_PATH, STATUS_PATH
from daemon.platforms.ibm_nutanix.settings import IbmSettings
from daemon.platforms.ibm_nutanix.spec_values import FOUNDERS
from daemon.settings.kinds import place_of
from daemon.store.ops import Resource
from daemon.words import counted, sentences, there_are
from pxe.routes import BootTable
from pxe.table_lint import lint_files, lint_table
from state_machines.outcome import Remedy
from state_machines.record import Record

SERVER_QUOTA = 25
"""Bare metal servers per account (IBM Cloud VPC quotas)."""

HICCUPS = 2
"""After so many looks that a passing trouble met, no other one is tried in this run."""

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Need:
    """What is still to be made: so many servers, and so many addresses of each role; of the ``nodes``, each with the
    number of the server that it is to have, what the ledger ``knows`` is made already."""

    servers: int
    addresses: Mapping[str, int]
    nodes: Mapping[str, int] = field(default_factory=dict)
    knows: frozenset[tuple[str, str]] = frozenset()

    @staticmethod
    def of(nodes: Mapping[str, Record | None], rows: Callable[[str], Sequence[Resource]]) -> Need:
        """What the ledger does not have yet of these nodes, of which the first has the cluster's address; each with its
        record, if it has one."""
        stands = [[row for row in rows(node) if row.state != "gone" and (row.sent or row.cloud_id)]
                  for node in nodes]  # fmt: skip
        have = [set(map(_object, rows)) for rows in stands]
        knows = frozenset((row.kind, row.name) for rows in stands for row in rows)
        missing = {role.component: sum(role.component not in one for one in have) for role in NODE_ROLES}
        missing[CLUSTER_ROLE.component] = sum(CLUSTER_ROLE.component not in one for one in have[:1])
        numbers = {node: _number(nodes[node], rows) for node, rows in zip(nodes, stands, strict=True)}
        return Need(sum("server" not in one for one in have), missing, numbers, knows)


def _number(record: Record | None, rows: Sequence[Resource]) -> int:
    """The number of the server that a node is to have; of one that is no good the next."""
    goes = any(row.kind == "server" and is_unfit(row) for row in rows)
    return goes + (1 if record is None else generation_of(record))


def _object(row: Resource) -> str:
    return str(row.data.get("role")) if row.kind == "reserved_ip" else row.kind


Look = Callable[[Json, Need], Awaitable[list[Check]]]


class Preflight:
    """The checks, in the order in which they are told. Each one that cannot be made is ``unknown``."""

    def __init__(
        self,
        settings: IbmSettings,
        vpc: IbmVpc,
        dns: IbmDns,
        disk_seconds: float = DISK_SECONDS,
        table: BootTable = BOOT,
    ) -> None:
        self._settings = settings
        self._table = table
        self._disk_seconds = disk_seconds
        self.images = BootImages(settings.images_dir, disk_seconds)
        self._vpc = vpc
        self._dns = dns
        self._namesakes = Namesakes(Names(settings.environment), vpc, dns)
        self._reach = Reach()

    async def check(self, spec: Json, need: Need, seen: dict[str, list[Check]] | None = None) -> list[Check]:
        """Every line. A caller that comes again gives what it has ``seen``, which is not looked at once more: then a
        passing trouble is raised instead of told, once the other looks have been tried."""
        lists = Lists(self._vpc, self._settings.ibm_region)
        looks: tuple[tuple[str, Look], ...] = (
            ("VPC and roles", self._vpc_and_roles),
            ("zone", lambda ibm, need: self._zone(ibm, lists)),
            ("management subnet", lambda ibm, need: self._subnet(ibm, "management", need, lists)),
            ("workload subnet", lambda ibm, need: self._subnet(ibm, "workload", need, lists)),
            ("security groups", self._security_groups),
            ("image", self._image),
            ("profile", lambda ibm, need: self._profile(ibm, lists)),
            ("server quota", lambda ibm, need: self._quota(need, lists)),
            ("DNS zone", self._dns_zone),
            ("names", lambda ibm, need: self._names(spec, need, lists)),
            ("boot images", self._boot_images),
            ("boot scripts", self._boot_scripts),
            ("boot URL", self._boot_url),
            ("what no look can tell", self._unknowable),
        )
        checks = [_redundancy(spec)]
        passing: list[OutsideError] = []
        for name, look in looks:
            try:
                found = (seen or {}).get(name) or await look(spec["ibm"], need)
                checks += found
                if seen is not None:
                    seen[name] = found
            except OutsideError as error:
                if seen is not None and error.retry == "now":
                    passing.append(error)
                    if len(passing) >= HICCUPS:
                        break
                    continue
                result = "failed" if error.code in ("not_authorized", "authentication") else "unknown"
                checks.append(Check(name, result, error.message, error.remedy))  # type: ignore[arg-type]
                if error.code == "authentication":
                    break
        if passing:
            raise passing[0]
        return checks

    async def _vpc_and_roles(self, ibm: Json, need: Need) -> list[Check]:
        if await self._vpc.vpc(ibm["vpc"]) is None:
            return [_spec("VPC", f"There is no VPC {ibm['vpc']}.", "ibm.vpc")]
        return [Check("VPC", "passed", f"the token is accepted, {ibm['vpc']} is there")]

    async def _zone(self, ibm: Json, lists: Lists) -> list[Check]:
        """Whether the region has it, which the cloud alone knows. What is not there is told here, once."""
        zones, region = await lists.zones(), self._settings.ibm_region
        if not zones:
            remedy = "Name the right one as ibm.region in nxd.yaml, then start nxd again."
            return [_failed("zone", f"There is no region {region}.", remedy)]
        if ibm["zone"] not in zones:
            wanted = f"one of {', '.join(zones)}"
            return [_spec("zone", f"There is no zone {ibm['zone']} in {region}.", "ibm.zone", wanted)]
        return [Check("zone", "passed", f"{ibm['zone']} is one of {region}")]

    async def _subnet(self, ibm: Json, network: str, need: Need, lists: Lists) -> list[Check]:
        name, wanted = f"{network} subnet", ibm[network]
        subnet = await self._vpc.subnet(wanted["subnet"])
        if subnet is None:
            return [_spec(name, f"There is no subnet {wanted['subnet']}.", f"ibm.{network}.subnet")]
        where = subnet["zone"]["name"]
        if where != ibm["zone"] and ibm["zone"] in await lists.zones():
            detail = f"It is in {where}, the servers in {ibm['zone']}."
            remedy = (
                f"Name a subnet in {ibm['zone']} as ibm.{network}.subnet in the spec, or {where} as ibm.zone."
            )
            return [Check(name, "failed", detail, remedy, f"ibm.{network}.subnet")]
        on = [role for role in (*NODE_ROLES, CLUSTER_ROLE) if role.network == network]
        free, needed = (
            int(subnet["available_ipv4_address_count"]),
            sum(need.addresses[role.component] for role in on),
        )
        if free < needed:
            remedy = "Release addresses in it."
            return [_failed(name, f"It has {free} free addresses, {needed} are needed.", remedy)]
        taken = {ip.address for ip in await lists.addresses(wanted["subnet"])}
        return [_range(subnet["ipv4_cidr_block"], network, wanted, role, taken, need) for role in on]

    async def _security_groups(self, ibm: Json, need: Need) -> list[Check]:
        name, wanted = "security groups", ibm["management"]
        rules: list[Json] = []
        for id_ in (*wanted["security_groups"], *ibm["workload"]["security_groups"]):
            group = await self._vpc.security_group(id_)
            if group is None:
                network = "management" if id_ in wanted["security_groups"] else "workload"
                return [_spec(name, f"There is no security group {id_}.", f"ibm.{network}.security_groups")]
            rules += group["rules"] if id_ in wanted["security_groups"] else ()
        subnet = await self._vpc.subnet(wanted["subnet"])
        inside = Network(subnet["ipv4_cidr_block"]) if subnet else None
        own = wanted["security_groups"]
        closed = [port for port in PORTS if not admits(rules, "inbound", port, inside, own)]
        checks = []
        if closed:
            shown = ", ".join(map(str, closed))
            remedy = "Allow them from the management subnet."
            checks.append(_failed(name, f"No rule lets TCP {shown} in.", remedy))
        for endpoint in endpoints(self._settings):
            host, port = place_of(endpoint.url)
            if not admits(rules, "outbound", port, host_network(endpoint.url), ()):
                remedy = f"Allow TCP {port} to {host} in a security group of the management interfaces."
                checks.append(
                    _failed(name, f"No rule lets TCP {port} out to the {endpoint.name} ({host}).", remedy)
                )
        passed = (
            f"TCP {', '.join(map(str, PORTS))} may come in, and machines reach both ports of the boot server"
        )
        return checks or [Check(name, "passed", passed)]

    async def _image(self, ibm: Json, need: Need) -> list[Check]:
        image = await self._vpc.image(ibm["image"])
        if image is None:
            return [_spec("image", f"There is no image {ibm['image']}.", "ibm.image")]
        if image["user_data_format"] != "ipxe":
            detail = f"{image['name']} does not boot iPXE from its user data."
            return [_spec("image", detail, "ibm.image", "one whose user_data_format is ipxe")]
        if image["status"] != "available":
            detail = f"{image['name']} is {image['status']}."
            return [_spec("image", detail, "ibm.image", "an image that is available")]
        return [Check("image", "passed", str(image["name"]))]

    async def _profile(self, ibm: Json, lists: Lists) -> list[Check]:
        profile = await self._vpc.profile(ibm["profile"])
        if profile is None:
            return [_spec("profile", f"There is no profile {ibm['profile']}.", "ibm.profile")]
        zones = [zone["name"] for zone in profile.get("zones", ())]
        if zones and ibm["zone"] not in zones:
            if ibm["zone"] not in await lists.zones():
                return []
            detail = f"{ibm['profile']} is not offered in {ibm['zone']}."
            offered = ", ".join(zones)
            remedy = f"Name another one as ibm.profile in the spec, or a zone that offers it as ibm.zone ({offered})."
            return [Check("profile", "failed", detail, remedy, "ibm.profile")]
        return [Check("profile", "passed", f"{ibm['profile']} in {ibm['zone']}")]

    async def _quota(self, need: Need, lists: Lists) -> list[Check]:
        have = len(await lists.servers())
        more = f"{need.servers} more {'is' if need.servers == 1 else 'are'}"
        detail = f"{have} of {SERVER_QUOTA} bare metal servers in use, {more} needed"
        if have + need.servers > SERVER_QUOTA:
            remedy = "If the account has no higher quota, ask for one or give servers back."
            return [Check("server quota", "unknown", detail, remedy)]
        return [Check("server quota", "passed", detail)]

    async def _dns_zone(self, ibm: Json, need: Need) -> list[Check]:
        dns = ibm["dns"]
        zone = await self._dns.zone(dns["instance"], dns["zone"])
        if zone is None:
            return [_spec("DNS zone", f"There is no DNS zone {dns['zone']}.", "ibm.dns")]
        state = zone["state"].lower()
        if state != "active":
            remedy = "Add the VPC to its permitted networks."
            if state == "disabled":
                remedy = "Enable the zone in DNS Services: while it is disabled it serves no name."
            return [_failed("DNS zone", f"{zone['name']} is {zone['state']}.", remedy)]
        networks = await self._dns.permitted_networks(dns["instance"], dns["zone"])
        if not any(ibm["vpc"] in network["permitted_network"]["vpc_crn"] for network in networks):
            remedy = "Add the VPC to its permitted networks."
            return [_failed("DNS zone", f"{zone['name']} is not served in {ibm['vpc']}.", remedy)]
        return [Check("DNS zone", "passed", f"{zone['name']} is active and served in the VPC")]

    async def _names(self, spec: Json, need: Need, lists: Lists) -> list[Check]:
        """Whether nobody else has them. Where a list is not there since its place is not, that is told already."""
        try:
            return [await self._namesakes.check(spec, need.nodes, need.knows, lists)]
        except OutsideError as error:
            if error.code == "not_found":
                return []
            raise

    async def _boot_images(self, ibm: Json, need: Need) -> list[Check]:
        trouble = await self.images.trouble(self._disk_seconds)
        if trouble is not None:
            return [
                Check(
                    "boot images", "unknown" if trouble.passes else "failed", trouble.detail, trouble.remedy
                )
            ]
        return [Check("boot images", "passed", f"{', '.join(MANIFEST.images)} match their checksums")]

    async def _boot_scripts(self, ibm: Json, need: Need) -> list[Check]:
        """Whether machines can be given their scripts: as nxd read the templates, and as they lie on its disk now."""
        boot, config = self._settings.boot_url, self._settings.config_url
        told = {"boot_url": boot, "config_url": config + CONFIG_PATH, "status_url": config + STATUS_PATH}
        table = replace(self._table, sample={**self._table.sample, **told})
        folder, name = table.templates, "boot scripts"
        remedy = "Mend what keeps it from being made, the template or the setting, then start nxd again."
        try:
            broken = await read_within(
                self._disk_seconds, ("scripts", folder), lambda: [*lint_table(table), *lint_files(table)]
            )
        except TimeoutError:
            said = f"The templates in {folder} were not read within {self._disk_seconds:g} s."
            return [_failed(name, said, "See that the disk they lie on answers.")]
        if broken:
            return [_failed(name, sentences(*broken), remedy)]
        return [Check(name, "passed", "the scripts of all machines can be made")]

    async def _boot_url(self, ibm: Json, need: Need) -> list[Check]:
        """Whether what machines are told to fetch answers as it should, asked from here."""
        remedy = "Let it name an address of this host that the servers reach, and open its port."
        checks = []
        for endpoint in endpoints(self._settings):
            trouble = await self._reach.trouble(endpoint)
            good = Check(
                endpoint.name, "passed", f"{endpoint.url} answers as it should, asked from this host"
            )
            checks.append(good if trouble is None else _failed(endpoint.name, trouble, remedy))
        return checks

    async def _unknowable(self, ibm: Json, need: Need) -> list[Check]:
        """What IBM Cloud says only to the call that makes something."""
        if not need.servers:
            return []
        roles = "Give the trusted profile Editor on VPC Infrastructure Services and Manager on DNS Services."
        wait = "An order that meets no capacity fails as such: then change the zone or the profile, or retry."
        return [
            Check(
                "roles for writing",
                "unknown",
                "the token may read; whether it may create, no call tells",
                roles,
            ),
            Check(
                "capacity", "unknown", f"no call tells what {ibm['zone']} has left of {ibm['profile']}", wait
            ),
        ]


def _failed(name: str, detail: str, remedy: str) -> Check:
    """What something outside mends."""
    return Check(name, "failed", detail, remedy)


def _spec(name: str, detail: str, setting: str, wanted: str = "the right one") -> Check:
    """What another spec mends."""
    return Check(name, "failed", detail, f"Name {wanted} as {setting} in the spec, and apply it.", setting)


def _redundancy(spec: Json) -> Check:
    """Whether the nodes carry the copies of the data, and so does the gate."""
    factor, nodes, gate = spec["nutanix"]["redundancy_factor"], len(spec["nodes"]), spec["gate"]
    founders = nodes if gate == "all" else min(gate, nodes)
    needed = FOUNDERS[factor]
    if founders < needed:
        detail = (
            f"Redundancy factor {factor} needs {counted(needed, 'node')} to form, and {there_are(founders)}."
        )
        return _spec("redundancy", detail, "nutanix.redundancy_factor", "a lower one")
    return Check("redundancy", "passed", f"factor {factor} on {counted(nodes, 'node')}")


def _range(cidr: str, network: str, wanted: Json, role: Role, taken: set[str], need: Need) -> Check:
    """Whether a range has an address for every node (one for the cluster's)."""
    low, high = wanted["ranges"][role.range] if "ranges" in wanted else wanted["range"]
    block = ipaddress.IPv4Network(cidr)
    last = min(high, block.num_addresses - 2)
    free = sum(1 for offset in range(low, last + 1) if str(block[offset]) not in taken)
    needed = need.addresses[role.component]
    name = f"{network} subnet, {role.component} addresses"
    detail = f"{free} free between +{low} and +{high} of {cidr}, {needed} needed"
    if free < needed:
        where = f"ibm.{network}.ranges.{role.range}" if "ranges" in wanted else f"ibm.{network}.range"
        return _spec(name, detail, where, "a wider range")
    return Check(name, "passed", detail)


def failure(checks: Sequence[Check]) -> NxdError | None:
    """The error that the failed checks are, with what mends each; None when nothing failed."""
    failed = [check for check in checks if check.result == "failed"]
    if not failed:
        return None
    evidence = "\n".join(f"{check.result}: {check.name}: {check.detail}" for check in checks)
    mend = [
        Remedy("spec", check.remedy, setting=check.setting) if check.setting else outside(check.remedy)
        for check in failed
    ]
    message = " ".join(f"{check.name}: {check.detail}" for check in failed)
    return NxdError("preflight", message, evidence=evidence, remedy=mend)
