"""What a spec of this platform may say: a Nutanix cluster on IBM Cloud VPC bare metal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, Strict, field_validator

from daemon.platforms.ibm_nutanix.names import NAMES
from daemon.platforms.ibm_nutanix.spec_rules import RULES, position_letters
from daemon.platforms.ibm_nutanix.spec_values import (
    BOOT_DRIVE,
    DATA_DRIVES,
    RANGES,
    WORKLOAD_RANGE,
    Domain,
    Drive,
    Guid,
    Least,
    NameServers,
    Offsets,
    Position,
    SecurityGroups,
    TimeServers,
    TimeZone,
    VpcId,
    ZoneId,
)
from daemon.spec.reading import ClusterSpec, NodeSpec, SpecModel
from daemon.spec.values import matching
from daemon.spec.yaml_marks import Loc

Name = Annotated[str, NAMES.value]
"""What a cluster or a node of this platform is called."""


class Node(NodeSpec):
    """One bare metal server that becomes a Nutanix node."""

    name: Name = Field(description="What the node is called, different from every other one")
    position: Position = Field(
        default_factory=str,
        description="Where the node stands in its block, different for each; A, B, C … in order if left out",
    )


class ManagementRanges(SpecModel):
    """Which addresses of the management subnet are given to what."""

    management: Offsets = Field(
        default=RANGES["management"], description="One for each server's management interface"
    )
    ahv: Offsets = Field(default=RANGES["ahv"], description="One for each hypervisor")
    cvm: Offsets = Field(default=RANGES["cvm"], description="One for each controller VM")
    cluster: Offsets = Field(default=RANGES["cluster"], description="One for the cluster itself")


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
    range: Offsets = Field(default=WORKLOAD_RANGE, description="One address for each node, as an offset")


class Dns(SpecModel):
    """Where the host names are registered."""

    instance: Guid = Field(description="The GUID of the DNS Services instance")
    zone: ZoneId = Field(description="The id of the zone: its name, a colon and a GUID, in quotes")
    name: Domain = Field(description="The name of the zone")
    ttl: Literal[60, 120, 300, 600, 900, 1800, 3600, 7200, 18000, 43200] = Field(
        default=300,
        description="How many seconds a resolver may keep a record; DNS Services takes only these",
    )


class Ibm(SpecModel):
    """Where in IBM Cloud the servers are made."""

    vpc: VpcId = Field(description="The id of the VPC")
    zone: Annotated[str, matching(r"[a-z]{2,}-[a-z]+-[0-9]+", "a zone like us-south-1")] = Field(
        description="The zone of the servers and of both subnets"
    )
    resource_group: Annotated[str, matching(r"[0-9a-f]{32}", "the id of a resource group")] | None = Field(
        default=None, description="The id of the resource group; the account's default one if left out"
    )
    profile: Annotated[
        str, matching(r"[a-z0-9]+-metal-[0-9a-z-]+", "a bare metal profile like bx2d-metal-96x384")
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

    boot_drive: Drive = Field(default=BOOT_DRIVE, description="The drive the hypervisor is installed on")
    data_drives: Annotated[tuple[Drive, ...], Strict(False), Field(min_length=1)] = Field(
        default=DATA_DRIVES, description="The drives of the storage pool"
    )


class MachineMinimum(SpecModel):
    """What a machine must have at least; nxd's agent compares it before anything is installed."""

    memory_gib: Least = Field(default=32, description="Memory, in GiB")
    boot_drive_gb: Least = Field(default=32, description="The size of the boot drive, in GB")
    data_drive_gb: Least = Field(default=200, description="The size of each data drive, in GB")
    network_cards: Least = Field(default=1, description="Network cards")
    virtualization: bool = Field(
        default=True,
        description="Whether the processor has to offer VT-x or AMD-V, as the controller VM needs it",
    )


class Nutanix(SpecModel):
    """What the cluster is like."""

    method: Literal["prism"] = Field(default="prism", description="How the cluster is created: through Prism")
    redundancy_factor: Literal[1, 2, 3] = Field(
        description="Copies of the data: 1 on a single node, 2 on three nodes or more, 3 on five or more"
    )
    timezone: TimeZone = Field(default="UTC", description="The cluster's time zone")
    dns_servers: NameServers = Field(
        min_length=1, description="The addresses of the name servers the cluster asks"
    )
    ntp_servers: TimeServers = Field(
        min_length=1, description="The names or addresses of the time servers the cluster asks"
    )
    storage: Storage = Field(default_factory=Storage, description="Which drives the installer uses")
    hardware: MachineMinimum = Field(
        default_factory=MachineMinimum, description="What a machine must have at least"
    )


class IbmNutanixSpec(ClusterSpec):
    """A Nutanix cluster on IBM Cloud VPC bare metal."""

    platform: Literal["ibm_nutanix"] = Field(description="What the cluster runs on")
    cluster: Name = Field(description="What the cluster is called")
    nodes: Annotated[tuple[Node, ...], Strict(False)] = Field(
        min_length=1, description="The nodes of the cluster: one, or three and more"
    )
    climb_to: Literal["none", "restart", "reinitialise", "replace"] = Field(
        default="none",
        description="How far a failed installation is tried again by itself: not at all, by a restart, then by "
        "a reinitialisation of the same server, then by another server",
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
    def rules(cls, raw: object) -> Iterator[tuple[Loc, str]]:
        yield from super().rules(raw)
        for rule in RULES:
            yield from rule(raw)


MODEL = IbmNutanixSpec
"""What `daemon.platforms` looks for."""
