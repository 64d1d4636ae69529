"""The objects that clients make in the simulated cloud, and what each of them remembers."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Literal

from daemon.sim.refusals import Json


@dataclass(frozen=True)
class Maker:
    """Who asked for an object: the request's own headers."""

    agent: str
    request_id: str


PROVIDER = Maker("provider", "")
"""The maker of what was there before anybody came."""

STRANGER = Maker("somebody else", "")
"""The maker of what another user of the account has."""


@dataclass(kw_only=True)
class CloudObject:
    """What every object has. ``state`` is its life cycle; times are Unix seconds of virtual time."""

    kind: ClassVar[str]
    id: str
    name: str
    created: float
    maker: Maker
    state: str = "stable"
    deleted: float | None = None
    serial: int = 0

    @property
    def scope(self) -> str:
        """Where the name must be unique: the region, unless a kind says otherwise."""
        return "region"


@dataclass(kw_only=True)
class Subnet(CloudObject):
    """A range of addresses in one zone of a VPC."""

    kind: ClassVar[str] = "subnet"
    network: ipaddress.IPv4Network
    zone: str
    vpc_id: str
    lowest: int = 0
    """No offset below this one is free."""


@dataclass(kw_only=True)
class ReservedIp(CloudObject):
    """One address in use; its name is unique in its subnet."""

    kind: ClassVar[str] = "reserved_ip"
    subnet_id: str
    address: str
    owner: Literal["user", "provider"] = "user"
    auto_delete: bool = False
    target_id: str | None = None
    """The network interface it is bound to."""
    unassigned: bool = False
    """It shows 0.0.0.0 still."""
    busy: bool = False
    """It counts as in use, although nothing is bound to it any more."""

    @cached_property
    def number(self) -> int:
        """The address as a number, by which lists are sorted."""
        return int(ipaddress.IPv4Address(self.address))

    @property
    def shown(self) -> str:
        return "0.0.0.0" if self.unassigned else self.address

    @property
    def scope(self) -> str:
        return self.subnet_id


@dataclass(kw_only=True)
class Vni(CloudObject):
    """A virtual network interface. ``ip_ids`` begins with the primary address."""

    kind: ClassVar[str] = "vni"
    vpc_id: str
    zone: str
    subnet_id: str
    ip_ids: list[str]
    group_ids: list[str]
    allow_ip_spoofing: bool = False
    auto_delete: bool = False
    enable_infrastructure_nat: bool = True
    filtering: str = "auto"
    mac: str
    server_id: str | None = None
    attachment_id: str | None = None

    @property
    def scope(self) -> str:
        return self.vpc_id


@dataclass(kw_only=True)
class Attachment:
    """One network card, or one VLAN on it, of a server."""

    id: str
    name: str
    vni_id: str
    primary: bool
    created: float
    interface_type: str = "pci"
    allowed_vlans: list[int] = field(default_factory=list)
    vlan: int | None = None
    allow_to_float: bool = False


@dataclass(kw_only=True)
class Server(CloudObject):
    """A bare metal server. ``status`` is what the API calls so; ``state`` is its ``lifecycle_state``."""

    kind: ClassVar[str] = "server"
    profile: str
    zone: str
    vpc_id: str
    image_id: str
    key_ids: list[str]
    user_data: str
    trusted_profile: Json | None
    attachments: list[Attachment]
    disk_ids: list[str]
    status: str = "pending"
    status_reasons: list[Json] = field(default_factory=list)
    stopping_softly: bool = False
    """The stop that is going on, or was last, left the operating system a say."""
    bandwidth: int
    secure_boot: bool = False
    metadata_service: Json
    tpm_mode: str = "disabled"
    reservation_policy: str = "disabled"

    @property
    def primary(self) -> Attachment:
        return next(a for a in self.attachments if a.primary)


@dataclass(kw_only=True)
class DnsRecord(CloudObject):
    """A DNS record; ``name`` is the full name, and several records may share it."""

    kind: ClassVar[str] = "record"
    zone_id: str
    type: str
    ttl: int
    rdata: Json
    modified: float
    service: str | None = None
    protocol: str | None = None

    @property
    def scope(self) -> str:
        return self.zone_id


@dataclass(kw_only=True)
class DnsZone(CloudObject):
    """A zone and the networks that may ask it."""

    kind: ClassVar[str] = "dns_zone"
    instance_id: str
    description: str
    permitted: list[Json]
