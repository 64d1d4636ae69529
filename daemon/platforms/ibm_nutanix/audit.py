"""Compares what stands in the cloud with the ledger, both ways, and deletes a stray only if it is told which."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from daemon.drivers.ibm_dns import IbmDns
from daemon.drivers.ibm_vpc import IbmVpc, Listed, Reference
from daemon.engine.objects import Disposal
from daemon.engine.remedies import text
from daemon.errors.tree import NxdError, OutsideError
from daemon.memory.mirror import Mirror
from daemon.platforms.base import Finding
from daemon.platforms.ibm_nutanix.errors import REMEDIES
from daemon.platforms.ibm_nutanix.manifest import MANIFEST
from daemon.platforms.ibm_nutanix.names import CLUSTER_ROLE, NODE_ROLES, Names, host_name
from daemon.platforms.ibm_nutanix.objects import OBJECTS
from daemon.store.ops import Resource
from daemon.words import sentences
from state_machines.objects import by_name

KINDS = ("reserved_ip", "vni", "server", "dns_record")

_OBJECTS = by_name(OBJECTS)
_NO_ZONE = Finding(
    "unasked",
    "dns_zone",
    "the DNS zones",
    "",
    None,
    "No cluster in the ledger names one. Look in every zone that was used for A records of nodes that are gone, or "
    "apply the spec that made them and give nxd audit again.",
)
"""Whoever cleans up by a list has to know what it does not hold."""
Zone = tuple[str, str]
"""The DNS instance and the zone."""


class _Standing(Listed, gc=False):
    created_at: str = ""


class _StandingAddress(_Standing, gc=False):
    address: str = ""


class _StandingInterface(_Standing, gc=False):
    lifecycle_state: str = ""
    ips: Sequence[Reference] = ()


class _StandingAttachment(Struct, gc=False):
    virtual_network_interface: Reference | None = None


class _StandingServer(_Standing, gc=False):
    status: str = ""
    network_attachments: Sequence[_StandingAttachment] = ()


class CloudAudit:
    """Looks through every subnet, every interface, every server, and the zones that the ledger knows of."""

    def __init__(self, names: Names, vpc: IbmVpc, dns: IbmDns, disposals: Mapping[str, Disposal]) -> None:
        self._disposals = disposals
        self._kept: dict[str, Mapping[str, Any]] = {}
        """What is to be kept of the last try to delete a stray, by its id."""
        self._vpc = vpc
        self._dns = dns
        self._ours = re.compile(rf"{re.escape(names.environment)}-[a-z0-9-]+-(ip|vni|bms(-[0-9]+)?)")

    async def run(self, mirror: Mirror) -> list[Finding]:
        """Every difference that two looks see: what is made or released while the first one goes on, which takes its
        time, is none. Raises OutsideError."""
        first = {(one.finding, one.id) for one in await self._differences(mirror)}
        again = await self._differences(mirror) if first else []
        seen = [one for one in again if (one.finding, one.id) in first]
        return seen if _zones(mirror) else [*seen, _NO_ZONE]

    async def _differences(self, mirror: Mirror) -> list[Finding]:
        standing, silent = await self._standing(mirror)
        unknown = [_unknown(row) for row in self._strays(mirror, standing)]
        there = {row.cloud_id for row in standing}
        missing = [
            Finding("missing", row.kind, row.name, str(row.cloud_id), row.owner, f"nxd show {row.owner}")
            for row in _rows(mirror)
            if row.state == "present" and row.cloud_id not in there and _zone_of(row) not in silent
        ]
        return [*unknown, *missing, *(_unasked(zone, error) for zone, error in silent.items())]

    async def discard(self, mirror: Mirror, ids: Collection[str]) -> list[Finding]:
        """Go one step towards deleting the strays with these ids; those that still stand. Raises OutsideError, and
        NxdError, before anything is deleted, for one that something else holds."""
        standing, _ = await self._standing(mirror)
        strays = self._strays(mirror, standing)
        holders = {held: row for row in standing for held in row.data.get("holds", ())}
        left: list[Finding] = []
        _refuse_what_is_held([row for row in strays if row.cloud_id in ids], holders, ids)
        for row in strays:
            if row.cloud_id in ids:
                disposal = self._disposals[row.kind]
                row = replace(row, data={**row.data, **self._kept.get(str(row.cloud_id), {})})
                if row.cloud_id in holders:  # which goes first
                    left.append(_unknown(row))
                    continue
                self._kept[str(row.cloud_id)] = await disposal.delete(row) or {}
                if await disposal.get(row) is None:
                    del self._kept[str(row.cloud_id)]
                else:
                    left.append(_unknown(row))
        return left

    async def _standing(self, mirror: Mirror) -> tuple[list[Resource], dict[Zone, OutsideError]]:
        """Everything of our kinds in the VPC, and in the zones that the ledger knows of; and which zones do not tell.
        One in which nothing is to stand any more may be gone itself. Raises OutsideError where coming again may help.
        """
        rows, silent, zones = await self._in_vpc(), dict[Zone, OutsideError](), _zones(mirror)
        for zone in sorted(zones):
            try:
                rows += await self._in_dns(zone)
            except OutsideError as error:
                if error.retry == "now":
                    raise
                if zones[zone] or error.code != "not_found":
                    silent[zone] = error
        return rows, silent

    def _strays(self, mirror: Mirror, standing: Iterable[Resource]) -> list[Resource]:
        """What is ours by its name and stands in no ledger row."""
        known = _rows(mirror)
        by_id = {row.cloud_id for row in known if row.cloud_id and row.state != "gone"}
        doubtful = {(row.kind, row.name) for row in known if row.state == "intended"}
        hosts = _host_names(mirror)
        strays = [
            row
            for row in standing
            if row.cloud_id not in by_id
            and (row.kind, row.name) not in doubtful
            and self._is_ours(row, hosts)
        ]
        lost = {row.data["about"].get("address") for row in strays if row.kind == "reserved_ip"} - {None}
        named = [
            row
            for row in standing
            if row.kind == "dns_record" and row.data["address"] in lost and row.cloud_id not in by_id
        ]
        return [*strays, *(row for row in named if row not in strays)]

    def _is_ours(self, row: Resource, hosts: set[str]) -> bool:
        return row.name in hosts if row.kind == "dns_record" else bool(self._ours.fullmatch(row.name))

    async def _in_vpc(self) -> list[Resource]:
        rows: list[Resource] = []
        for subnet in await self._vpc.subnets():
            for ip in await self._vpc.reserved_ips(_StandingAddress, subnet["id"]):
                about = _about(ip.created_at, address=ip.address)
                rows.append(_seen("reserved_ip", ip.id, ip.name, {"subnet": subnet["id"], "about": about}))
        for vni in await self._vpc.vnis(_StandingInterface):
            about = _about(vni.created_at, state=vni.lifecycle_state)
            holds = [ref.id for ref in vni.ips]
            rows.append(_seen("vni", vni.id, vni.name, {"about": about, "holds": holds}))
        for server in await self._vpc.servers(_StandingServer):
            about = _about(server.created_at, state=server.status)
            vnis = [one.virtual_network_interface for one in server.network_attachments]
            holds = [ref.id for ref in vnis if ref is not None]
            rows.append(_seen("server", server.id, server.name, {"about": about, "holds": holds}))
        return rows

    async def _in_dns(self, zone: Zone) -> list[Resource]:
        return [
            _seen(
                "dns_record",
                record["id"],
                record["name"],
                {
                    "instance": zone[0],
                    "zone": zone[1],
                    "address": record["rdata"]["ip"],
                    "about": _about(record.get("created_on", ""), address=record["rdata"]["ip"]),
                },
            )
            for record in await self._dns.address_records(*zone)
        ]


def _unknown(row: Resource) -> Finding:
    commands = _OBJECTS[row.kind].commands(row.cloud_id, row.name, row.data)
    about = row.data.get("about", {})
    return Finding("unknown", row.kind, row.name, str(row.cloud_id), None, " && ".join(commands), about)


def _unasked(zone: Zone, error: OutsideError) -> Finding:
    """A zone whose records this audit does not hold."""
    error.mend_by(REMEDIES)
    said = sentences(error.message, error.evidence, text(error.remedies))
    return Finding("unasked", "dns_zone", zone[1], zone[1], None, said)


def _about(created: str, **known: str) -> dict[str, Any]:
    """What a person should see of an object before it is deleted; ``created`` in Unix seconds."""
    about: dict[str, Any] = {key: value for key, value in known.items() if value}
    if created:
        about["created"] = datetime.fromisoformat(created).timestamp()
    return about


def _refuse_what_is_held(
    wanted: Iterable[Resource], holders: Mapping[str, Resource], ids: Collection[str]
) -> None:
    """An object that another one uses can go only after that one. Raises NxdError."""
    for row in wanted:
        holder = holders.get(str(row.cloud_id))
        if holder is not None and holder.cloud_id not in ids:
            raise NxdError(
                "refused",
                f"The {row.kind} {row.name} ({row.cloud_id}) is in use by the {holder.kind} {holder.name} "
                f"({holder.cloud_id}), which has to go first. Nothing was changed.",
                remedy=f"If nobody needs that one either, delete both: nxd audit --delete {holder.cloud_id} "
                f"--delete {row.cloud_id}.",
            )


def _seen(kind: str, id_: str, name: str, data: dict[str, Any]) -> Resource:
    return Resource("", "", kind, name, "present", id_, data=data)


def _rows(mirror: Mirror) -> list[Resource]:
    """Our rows of the ledger; another platform may have kinds of the same names."""
    ours = {record.name for record in mirror.of_platform(MANIFEST.name)}
    return [row for row in mirror.all_resources() if row.kind in KINDS and row.owner in ours]


def _zones(mirror: Mirror) -> dict[Zone, bool]:
    """The zones of the specs in force, and those in which something was made for an earlier one, each with whether
    anything is to stand there."""
    clusters = [record for record in mirror.of_platform(MANIFEST.name) if record.name == record.shard]
    zones = {(c.spec["ibm"]["dns"]["instance"], c.spec["ibm"]["dns"]["zone"]): True for c in clusters}
    for row in _rows(mirror):
        if (zone := _zone_of(row)) is not None:
            zones[zone] = zones.get(zone, False) or row.state != "gone"
    return zones


def _zone_of(row: Resource) -> Zone | None:
    """Where a DNS record stands, or stood."""
    return (str(row.data["instance"]), str(row.data["zone"])) if "zone" in row.data else None


def _host_names(mirror: Mirror) -> set[str]:
    """Every host name that one of our nodes may carry, or had; DNS names do not hold the environment."""
    names = {row.name for row in _rows(mirror) if row.kind == "dns_record"}
    for record in mirror.of_platform(MANIFEST.name):
        cluster = mirror.records[record.shard]
        for role in (*NODE_ROLES, CLUSTER_ROLE):
            names.add(host_name(record.name, cluster.name, role, cluster.spec["ibm"]["dns"]["name"]))
    return names
