"""Which controller VMs may form a cluster together, and with what redundancy: the refusals, one by one."""

from __future__ import annotations

import ipaddress
import zoneinfo
from collections.abc import Iterable, Mapping
from functools import cache

from daemon.sim.nutanix.cvm import DESTROYED, Cluster, Cvm
from daemon.sim.refusals import Json, Refusal
from daemon.sim.world.world import World

NODES_FOR_FACTOR = {2: 3, 3: 5}
"""The fewest nodes for a redundancy factor; factor 1 takes exactly one node."""


def members_of(cvms: Mapping[str, Cvm], asked: Cvm, nodes: list[Json]) -> list[Cvm]:
    """The CVMs that are meant, in the order in which they are named; refused if one of them cannot join."""
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
        member = cvms.get(node["cvm_ip"])
        if member is None:
            raise _wrong(f"The node {node['cvm_ip']} cannot be reached.")
        if member.cluster is not None and not is_over(member.cluster):
            message = f"The node {member.address} is already part of the cluster {member.cluster.name}."
            raise Refusal(409, "", message)
        if member.hypervisor != node["hypervisor_ip"]:
            raise _wrong(f"The hypervisor of {member.address} is not at {node['hypervisor_ip']}.")
        members.append(member)
    return members


def nodes_at(cvms: Mapping[str, Cvm], addresses: list[str]) -> list[Json]:
    """The nodes with these CVM addresses, as Prism wants to be told of them."""
    return [
        {
            "cvm_ip": address,
            "hypervisor_ip": cvms[address].hypervisor if address in cvms else "",
            "node_position": str(place),
        }
        for place, address in enumerate(addresses)
    ]


def described_by(body: Json, world: World, asked: Cvm, members: list[Cvm]) -> Cluster:
    """The cluster that a request describes, with the password of the CVM that was asked."""
    check_time_zone(body.get("timezone", "UTC"))
    return Cluster(
        uuid=world.plain_id(),
        name=body["name"],
        external_ip=body.get("external_ip") or None,
        redundancy_factor=body["redundancy_factor"],
        functions=body.get("cluster_functions", ["AOS"]),
        timezone=body.get("timezone", "UTC"),
        members=members,
        password=asked.password,
        incarnation=int(world.clock.uniform(10**18, 9 * 10**18)),
    )


def check_together(members: list[Cvm], factor: int) -> None:
    """Refuse a redundancy factor that the number of nodes does not carry, and nodes that do not fit together."""
    if factor == 1 and len(members) != 1:
        raise _wrong("Redundancy factor 1 takes exactly one node.")
    if factor != 1 and factor not in NODES_FOR_FACTOR:
        raise _wrong(f"Redundancy factor {factor} is not supported.")
    if factor != 1 and len(members) < NODES_FOR_FACTOR[factor]:
        needed = NODES_FOR_FACTOR[factor]
        raise _wrong(f"Redundancy factor {factor} needs at least {needed} nodes, not {len(members)}.")
    misfit = why_not_together(members)
    if misfit is not None:
        raise _wrong(f"Cluster creation failed: {misfit}.")


def why_not_together(members: list[Cvm]) -> str | None:
    """Which of these nodes do not fit to the others, by the addresses of their CVMs; None when all do."""
    by_serial, by_version = dict[str, list[str]](), dict[str, list[str]]()
    for member in members:
        by_serial.setdefault(member.serial, []).append(member.address)
        by_version.setdefault(member.version, []).append(member.address)
    for serial, twins in by_serial.items():
        if len(twins) > 1:
            return f"nodes have the same serial {serial}: {', '.join(twins)}"
    if len(by_version) > 1:
        most = max(by_version, key=lambda version: (len(by_version[version]), version))
        others = [f"{version} on {', '.join(at)}" for version, at in by_version.items() if version != most]
        return f"the nodes run different versions: {', '.join(others)}, {most} on the others"
    return None


def check_address(address: str, cvms: Mapping[str, Cvm], clusters: Iterable[Cluster]) -> None:
    """Refuse an address of a cluster's own that is none, or that somebody has."""
    try:
        ipaddress.IPv4Address(address)
    except ValueError:
        raise _wrong(f"external_ip {address!r} is not an IPv4 address.") from None
    living = {cluster.external_ip for cluster in clusters if not is_over(cluster)}
    if address in cvms or address in living:
        raise _wrong(f"external_ip {address} is in use.")


def check_server(address: str) -> None:
    """Refuse a name or time server that is an address nobody in particular has."""
    try:
        found = ipaddress.IPv4Address(address)
    except ValueError:
        return
    if (
        found.is_unspecified
        or found.is_loopback
        or found.is_multicast
        or found.is_link_local
        or found.is_reserved
    ):
        raise _wrong(f"The server {address} is not valid.")


def check_time_zone(name: str) -> None:
    """Refuse a time zone that the host of the world does not know, as far as it knows any."""
    known = _time_zones()
    if known and name not in known:
        raise _wrong(f"The time zone {name} is not valid.")


@cache
def _time_zones() -> set[str]:
    """Those that this host knows: to look for them walks through hundreds of files."""
    return zoneinfo.available_timezones()


def is_over(cluster: Cluster) -> bool:
    """Whether the nodes of a cluster may form another one as they are."""
    return cluster.status in DESTROYED


def _wrong(message: str) -> Refusal:
    return Refusal(422, "", message)
