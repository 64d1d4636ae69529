"""What a person may wish for on this platform: a Nutanix cluster on IBM Cloud VPC bare metal."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, Strict, WithJsonSchema, field_validator

from daemon.spec import ClusterSpec, Matching, NodeSpec, SpecModel, at, count, repeated
from daemon.yaml_marks import Loc

Mistakes = Iterator[tuple[Loc, str]]

FIRST_FREE_OFFSET = 4
"""IBM Cloud keeps the first four addresses of every subnet for itself."""
LAST_OFFSET = 65534
NODE_COMPONENTS = ("mgmt", "ahv", "cvm", "workload")
"""The interfaces of a node; each has a host name of its own, such as ``node01-cvm``."""

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = rf"{_LABEL}(?:\.{_LABEL})+"
_HOST_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*", re.IGNORECASE)

VpcId = Annotated[str, Matching(r"[-0-9a-z_]{1,64}", "an id of IBM Cloud VPC, like r006-4f1c0de0-…")]
Drive = Annotated[str, Matching(r"/dev/[A-Za-z0-9/_.:-]+", "a drive like /dev/nvme0n1")]
Position = Annotated[str, Matching(r"[A-Z]{1,2}", "a position: one or two capital letters, like A")]


def _ip_address(value: str) -> str:
    try:
        return str(ipaddress.IPv4Address(value))
    except ValueError:
        raise ValueError(f'expected an IPv4 address like 161.26.0.7, found "{value}"') from None


def _host(value: str) -> str:
    if re.fullmatch(r"[0-9.]+", value):
        return _ip_address(value)
    if not _HOST_NAME.fullmatch(value):
        raise ValueError(f'expected a host name or an IPv4 address, found "{value}"')
    return value


def _offsets(value: Any) -> tuple[int, int]:
    whole = isinstance(value, (list, tuple)) and all(type(item) is int for item in value)
    if not whole or len(value) != 2:
        raise ValueError("expected two whole numbers, the first and the last offset, like [10, 50]")
    low, high = value
    if low < FIRST_FREE_OFFSET:
        raise ValueError(
            f"a range starts at {FIRST_FREE_OFFSET} or later, IBM Cloud keeps the addresses before"
        )
    if low > high or high > LAST_OFFSET:
        raise ValueError(f"the last offset, {high}, must be from {low} to {LAST_OFFSET}")
    return low, high


Offsets = Annotated[
    tuple[int, int],
    BeforeValidator(_offsets),
    WithJsonSchema({"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2}),
]
"""The first and the last address of a range, both taken, counted from the subnet's network address."""

SecurityGroups = Annotated[tuple[VpcId, ...], Strict(False), Field(min_length=1)]


class Node(NodeSpec):
    """One bare metal server that becomes a Nutanix node."""

    position: Position = Field(
        default_factory=str,
        description="Where the node stands in its block, different for each; A, B, C … in order if left out",
    )


class ManagementRanges(SpecModel):
    """Which addresses of the management subnet are given to what."""

    management: Offsets = Field(default=(10, 50), description="One for each server's management interface")
    ahv: Offsets = Field(default=(51, 100), description="One for each hypervisor")
    cvm: Offsets = Field(default=(101, 150), description="One for each controller VM")
    cluster: Offsets = Field(default=(200, 210), description="One for the cluster itself")


class ManagementNetwork(SpecModel):
    """The network on which servers boot, are managed and form the cluster."""

    subnet: VpcId = Field(description="The id of the management subnet")
    security_groups: SecurityGroups = Field(description="The ids of the security groups of its interfaces")
    ranges: ManagementRanges = Field(
        default_factory=ManagementRanges, description="Offsets from the subnet's network address"
    )


class WorkloadNetwork(SpecModel):
    """The network of the virtual machines and of storage replication."""

    subnet: VpcId = Field(description="The id of the workload subnet, another one than the management subnet")
    security_groups: SecurityGroups = Field(description="The ids of the security groups of its interfaces")
    range: Offsets = Field(default=(10, 200), description="One address for each node, as an offset")


class Dns(SpecModel):
    """Where the host names are registered."""

    instance: Annotated[str, Matching(_UUID, "the GUID of a DNS Services instance")] = Field(
        description="The GUID of the DNS Services instance"
    )
    zone: Annotated[str, Matching(rf"{_DOMAIN}:{_UUID}", 'a zone id like "nutanix.internal:4f1c0de0-…"')] = (
        Field(description="The id of the zone: its name, a colon and a GUID, in quotes")
    )
    name: Annotated[str, Matching(_DOMAIN, "a domain in lower case, like nutanix.internal")] = Field(
        description="The name of the zone"
    )
    ttl: Literal[60, 120, 300, 600, 900, 1800, 3600, 7200, 18000, 43200] = Field(
        default=300,
        description="How many seconds a resolver may keep a record; DNS Services takes only these",
    )


class Ibm(SpecModel):
    """Where in IBM Cloud the servers are made."""

    vpc: VpcId = Field(description="The id of the VPC")
    zone: Annotated[str, Matching(r"[a-z]{2,}-[a-z]+-[0-9]+", "a zone like us-south-1")] = Field(
        description="The zone of the servers and of both subnets"
    )
    resource_group: Annotated[str, Matching(r"[0-9a-f]{32}", "the id of a resource group")] | None = Field(
        default=None, description="The id of the resource group; the account's default one if left out"
    )
    profile: Annotated[
        str, Matching(r"[a-z0-9]+-metal-[0-9a-z-]+", "a bare metal profile like bx2d-metal-96x384")
    ] = Field(description="The bare metal profile: processors, memory and drives")
    image: VpcId = Field(description="The id of an image that boots iPXE from its user data")
    ssh_keys: Annotated[tuple[VpcId, ...], Strict(False)] = Field(
        default=(), description="The ids of the SSH keys given to the servers"
    )
    management: ManagementNetwork = Field(description="The management network")
    workload: WorkloadNetwork = Field(description="The workload network")
    dns: Dns = Field(description="Where the host names are registered")


class Storage(SpecModel):
    """Which drives the installer uses."""

    boot_drive: Drive = Field(default="/dev/nvme0n1", description="The drive the hypervisor is installed on")
    data_drives: Annotated[tuple[Drive, ...], Strict(False), Field(min_length=1)] = Field(
        default=("/dev/nvme2n1", "/dev/nvme3n1"), description="The drives of the storage pool"
    )


class Nutanix(SpecModel):
    """What the cluster is like."""

    method: Literal["prism"] = Field(default="prism", description="How the cluster is created: through Prism")
    redundancy_factor: Literal[1, 2, 3] = Field(
        description="Copies of the data: 1 on a single node, 2 on three nodes or more, 3 on five or more"
    )
    timezone: Annotated[
        str, Matching(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+){0,2}", "a time zone like UTC or Europe/Berlin")
    ] = Field(default="UTC", description="The cluster's time zone")
    dns_servers: Annotated[tuple[Annotated[str, AfterValidator(_ip_address)], ...], Strict(False)] = Field(
        min_length=1, description="The addresses of the name servers the cluster asks"
    )
    ntp_servers: Annotated[tuple[Annotated[str, AfterValidator(_host)], ...], Strict(False)] = Field(
        min_length=1, description="The names or addresses of the time servers the cluster asks"
    )
    storage: Storage = Field(default_factory=Storage, description="Which drives the installer uses")


class IbmNutanixSpec(ClusterSpec):
    """A Nutanix cluster on IBM Cloud VPC bare metal."""

    platform: Literal["ibm_nutanix"] = Field(description="What the cluster runs on")
    nodes: Annotated[tuple[Node, ...], Strict(False)] = Field(
        min_length=1, description="The nodes of the cluster: one, or three and more"
    )
    ibm: Ibm = Field(description="Where in IBM Cloud the servers are made")
    nutanix: Nutanix = Field(description="What the cluster is like")

    @field_validator("nodes")
    @classmethod
    def _fill_positions(cls, nodes: tuple[Node, ...]) -> tuple[Node, ...]:
        return tuple(
            node if node.position else node.model_copy(update={"position": position_letters(index)})
            for index, node in enumerate(nodes)
        )

    @classmethod
    def rules(cls, raw: object) -> Mistakes:
        yield from super().rules(raw)
        for rule in _RULES:
            yield from rule(raw)


def position_letters(index: int) -> str:
    """The position of the node with this index: A … Z, then AA, AB …"""
    first, last = divmod(index, 26)
    return (chr(ord("A") + first - 1) if first else "") + chr(ord("A") + last)


def _positions_differ(raw: object) -> Mistakes:
    given = [at(raw, "nodes", i, "position") for i in range(count(raw, "nodes"))]
    filled = [position_letters(i) if p is None else p for i, p in enumerate(given)]
    for index in repeated(filled):
        yield ("nodes", index, "position"), f'the position "{filled[index]}" is already taken by another node'


def _host_names_differ(raw: object) -> Mistakes:
    cluster = at(raw, "cluster")
    for index in range(count(raw, "nodes")):
        name = at(raw, "nodes", index, "name")
        if cluster in [f"{name}-{component}" for component in NODE_COMPONENTS]:
            yield (
                ("cluster",),
                f'the name "{cluster}" is already the host name of an interface of node "{name}"',
            )


def _enough_nodes(raw: object) -> Mistakes:
    nodes, factor = count(raw, "nodes"), at(raw, "nutanix", "redundancy_factor")
    if nodes == 2:
        yield ("nodes",), "two nodes cannot form a cluster without a witness: use one node, or three and more"
        return
    needed = {1: 1, 2: 3, 3: 5}.get(factor) if type(factor) is int else None
    if nodes == 0 or needed is None:
        return
    where: Loc = ("nutanix", "redundancy_factor")
    if nodes == 1 and factor != 1:
        yield where, f"a single node has redundancy factor 1, found {factor}"
    elif nodes > 1 and factor == 1:
        yield where, f"redundancy factor 1 is for a single node, and there are {nodes}: use 2"
    elif nodes < needed:
        yield where, f"redundancy factor {factor} needs {needed} nodes, and there are {nodes}"


def _ranges_fit(raw: object) -> Mistakes:
    nodes = count(raw, "nodes")
    management: Loc = ("ibm", "management", "ranges")
    ranges: dict[str, tuple[int, int]] = {}
    for name, field in ManagementRanges.model_fields.items():
        found = _range(raw, (*management, name), field.default)
        if found is None:
            continue
        yield from _large_enough((*management, name), found, 1 if name == "cluster" else nodes)
        for other, (low, high) in ranges.items():
            if found[0] <= high and low <= found[1]:
                yield (*management, name), f"the range {name} overlaps {other} [{low}, {high}]"
        ranges[name] = found
    workload: Loc = ("ibm", "workload", "range")
    found = _range(raw, workload, WorkloadNetwork.model_fields["range"].default)
    if found is not None:
        yield from _large_enough(workload, found, nodes)


def _range(raw: object, loc: Loc, default: tuple[int, int]) -> tuple[int, int] | None:
    """The range at ``loc``, or the default one if none is given; None if it is wrong by itself."""
    given = at(raw, *loc)
    try:
        return default if given is None else _offsets(given)
    except ValueError:
        return None


def _large_enough(loc: Loc, found: tuple[int, int], needed: int) -> Mistakes:
    size = found[1] - found[0] + 1
    if size < needed:
        yield loc, f"the range has {size} address{'es' if size > 1 else ''}, and {needed} nodes need one each"


def _subnets_differ(raw: object) -> Mistakes:
    subnet = at(raw, "ibm", "workload", "subnet")
    if subnet is not None and subnet == at(raw, "ibm", "management", "subnet"):
        yield ("ibm", "workload", "subnet"), "this is the management subnet: the workload needs another one"


def _zone_fits_name(raw: object) -> Mistakes:
    zone, name = at(raw, "ibm", "dns", "zone"), at(raw, "ibm", "dns", "name")
    if isinstance(zone, str) and isinstance(name, str) and ":" in zone and zone.split(":")[0] != name:
        yield (
            ("ibm", "dns", "name"),
            f'the name is "{name}", but the zone id is that of "{zone.split(":")[0]}"',
        )


def _drives_differ(raw: object) -> Mistakes:
    storage: Loc = ("nutanix", "storage")
    boot = at(raw, *storage, "boot_drive") or Storage.model_fields["boot_drive"].default
    data = at(raw, *storage, "data_drives")
    drives = [boot, *(data if isinstance(data, list) else Storage.model_fields["data_drives"].default)]
    for index in repeated(drives):
        yield (*storage, "data_drives", index - 1), f'the drive "{drives[index]}" is already in use above'


def _groups_differ(raw: object) -> Mistakes:
    for network in ("management", "workload"):
        loc: Loc = ("ibm", network, "security_groups")
        groups = at(raw, *loc)
        for index in repeated(groups if isinstance(groups, list) else []):
            yield (*loc, index), f'the security group "{groups[index]}" stands here twice'


_RULES = (
    _positions_differ,
    _host_names_differ,
    _enough_nodes,
    _ranges_fit,
    _subnets_differ,
    _zone_fits_name,
    _drives_differ,
    _groups_differ,
)
"""What must hold between several values; each says where it does not."""


MODEL = IbmNutanixSpec
"""What `daemon.platforms` looks for."""
