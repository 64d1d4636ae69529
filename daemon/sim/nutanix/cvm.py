"""Controller VMs, the clusters they form, and what Prism and Foundation remember of their work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from daemon.sim.faults.rules import Strike
from daemon.sim.nutanix.certificates import Certificate
from daemon.sim.refusals import Json

SEED = "seed"
REAL = "real"
FACTORY_PASSWORDS: Mapping[str, str] = {SEED: "admin", REAL: "Nutanix/4u"}
"""What a fresh CVM accepts, by personality: both stand in the facts, which one comes when is a guess."""
SHELL_PASSWORD = "nutanix/4u"
"""What a fresh CVM takes from the user ``nutanix`` on port 22, whatever Prism takes."""
VERSION = "6.8.1"
DESTROYED = frozenset({"FAILED"})
"""States of a cluster whose nodes may form another one without more ado."""


class Listeners(Protocol):
    """Port 9440 of every address: what the network sees of the fleet."""

    async def open_prism(self, address: str, certificate: Certificate) -> str | None:
        """Answer at an address from now on; or why that cannot be."""

    async def open_broken_prism(self, address: str) -> str | None:
        """Take connections and end each in its TLS handshake; or why that cannot be."""

    def close_prism(self, address: str) -> None:
        """Answer no longer, and cut who is connected."""

    async def open_foundation(self, address: str) -> str | None:
        """Answer as Foundation at an address from now on; or why that cannot be."""

    def close_foundation(self, address: str) -> None:
        """Foundation answers no longer."""

    def open_shell(self, cvm: Cvm) -> str | None:
        """Take SSH connections for a CVM from now on; or why that cannot be."""

    def close_shell(self, address: str) -> None:
        """Take no more SSH connections, and cut who is connected."""


@dataclass
class Cvm:
    """A controller VM on its node's disks. It keeps its certificate and its cluster when it restarts."""

    address: str
    hypervisor: str
    position: str
    node: str
    cluster_name: str = ""
    """The cluster it is meant for."""
    personality: str = SEED
    own_password: str = FACTORY_PASSWORDS[SEED]
    shell_password: str = SHELL_PASSWORD
    shell_expired: bool = False
    """Its shell asks for another password before it does anything."""
    host_key: Any = None
    """The private key with which port 22 shows who it is; made for its first visitor."""
    session: FoundationSession | None = None
    """What its Foundation does, or did last."""
    to_unconfigure: bool = False
    """It leaves its cluster at the next start of genesis."""
    uuid: str = ""
    serial: str = ""
    version: str = VERSION
    certificate: Certificate | None = None
    up: bool = False
    lost: bool = False
    moving: str | None = None
    """The state its host shows while it joins a standing cluster or leaves it."""
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
    strike: Strike | None = None

    @property
    def caught(self) -> str | None:
        """What a rule does to it now: ``stuck``, ``queued`` or ``vanish``."""
        if self.strike is None or self.strike.over.is_set() or self.strike.action == "fail":
            return None
        return self.strike.action

    @property
    def vanished(self) -> bool:
        return self.caught == "vanish"


@dataclass
class FoundationSession:
    """What Foundation is doing, or did last."""

    session_id: str
    cluster: str
    members: list[str]
    started: float
    ends: float
    error: str | None = None

    def stopped(self, now: float) -> bool:
        return now >= self.ends

    def percent(self, now: float) -> float:
        share = (now - self.started) / (self.ends - self.started)
        limit = 60.0 if self.error is not None else 100.0
        return round(max(0.0, min(limit, share * 100)), 1)


@dataclass
class Cluster:
    """A cluster from the moment its creation was accepted.

    ``status`` is CREATING, UP, FAILED, STOPPED, STARTING, or HALF: its creation ended half way, and its members
    belong to it until it is destroyed.
    """

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
    health: Strike | None = None
    health_until: float = 0.0
    degraded_since: float | None = None
    alert: str | None = None
    old_password: str | None = None
    old_password_until: float = 0.0
    vip_open: bool = False
