"""What stands in the simulated cloud before anybody comes: ids, profiles, ports and quotas as tables."""

from __future__ import annotations

from dataclasses import dataclass

ACCOUNT = "4f1c0de0000040008000000000000099"
REGION = "us-south"
ZONES = ("us-south-1", "us-south-2", "us-south-3")
ZONE = ZONES[0]

RESOURCE_GROUP = "4f1c0de0000040008000000000000050"
RESOURCE_GROUP_NAME = "Default"


def _regional(last: int) -> str:
    return f"r006-4f1c0de0-0000-4000-8000-{last:012d}"


def _zonal(last: int) -> str:
    return f"0717-4f1c0de0-0000-4000-8000-{last:012d}"


VPC = _regional(1)
VPC_NAME = "nxd-vpc"
NETWORK_ACL = _regional(2)
ROUTING_TABLE = _regional(3)
MANAGEMENT = _zonal(10)
WORKLOAD = _zonal(11)
GROUP_MANAGEMENT = _regional(20)
GROUP_WORKLOAD = _regional(21)
GROUP_DEFAULT = _regional(22)
IMAGE_IPXE = _regional(30)
KEY = _regional(40)
DNS_INSTANCE = "4f1c0de0-0000-4000-8000-000000000060"
DNS_ZONE_NAME = "nutanix.internal"
DNS_ZONE = f"{DNS_ZONE_NAME}:4f1c0de0-0000-4000-8000-000000000061"
TRUSTED_PROFILE = "Profile-4f1c0de0-0000-4000-8000-000000000070"
DNS_RESOLVERS = ("161.26.0.7", "161.26.0.8")


@dataclass(frozen=True)
class ImageSpec:
    """A stock image and what it does with user data."""

    id: str
    name: str
    family: str
    version: str
    vendor: str
    user_data_format: str
    status: str = "available"


IMAGES = (
    ImageSpec(IMAGE_IPXE, "ibm-ipxe-20240326-amd64-1", "Network boot", "1.0", "IBM", "ipxe"),
    ImageSpec(_regional(31), "ibm-debian-12-7-minimal-amd64-1", "Debian", "12", "Debian", "cloud_init"),
    ImageSpec(
        _regional(32), "ibm-ubuntu-24-04-minimal-amd64-3", "Ubuntu", "24.04", "Canonical", "cloud_init"
    ),
    ImageSpec(_regional(33), "ibm-esxi-8-0-3-byol-amd64-1", "ESXi", "8.0", "VMware", "esxi_kickstart"),
    ImageSpec(_regional(34), "ibm-ipxe-20230101-amd64-1", "Network boot", "0.9", "IBM", "ipxe", "deprecated"),
)


@dataclass(frozen=True)
class ProfileSpec:
    """A kind of server. Sizes in gigabytes; ``data_disks`` beside the two of the boot mirror."""

    name: str
    cores: int
    sockets: int
    memory: int
    boot_disk: int
    data_disks: int
    data_disk_size: int
    bandwidth: int
    tpm: str
    capacity: dict[str, int]


_EVERYWHERE = {zone: 2000 for zone in ZONES}
_SECOND_ONLY = {"us-south-1": 0, "us-south-2": 8, "us-south-3": 0}

PROFILES = (
    ProfileSpec("bx2d-metal-96x384", 48, 2, 384, 960, 8, 3200, 100_000, "disabled", _EVERYWHERE),
    ProfileSpec("bx2-metal-96x384", 48, 2, 384, 960, 0, 0, 100_000, "disabled", _EVERYWHERE),
    ProfileSpec("cx2d-metal-96x192", 48, 2, 192, 960, 8, 3200, 100_000, "disabled", _EVERYWHERE),
    ProfileSpec("cx2-metal-96x192", 48, 2, 192, 960, 0, 0, 100_000, "disabled", _EVERYWHERE),
    ProfileSpec("mx2d-metal-96x768", 48, 2, 768, 960, 8, 3200, 100_000, "disabled", _EVERYWHERE),
    ProfileSpec("vx2d-metal-96x1536", 48, 2, 1536, 960, 8, 3200, 100_000, "disabled", _SECOND_ONLY),
    ProfileSpec("bx3d-metal-64x256", 32, 1, 256, 480, 8, 3200, 200_000, "tpm_2", _SECOND_ONLY),
)

QUOTAS = {
    "server": 25,
    "reserved_ip": 20_000,
    "vni_addresses": 8,
    "record": 3500,
    "vni_groups": 5,
    "cluster_nodes": 32,
}
"""Documented limits of an account, of an interface and of a zone, which an account can have raised; and the nodes
that the command ``cluster`` takes (a log names the limit)."""

PCI_ATTACHMENTS = 8

MANAGEMENT_PORTS = (22, 80, 443, 2009, 2010, 2020, 2030, 2036, 2073, 2090, 2100, 8000, 9440)
WORKLOAD_PORTS = (2009, 2020, 3260, 3261)
