"""What things are called: deterministic names, unique in their scope, that say whose they are and what for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Role:
    """An address of a node: the component in its names, and where its range stands in the spec."""

    component: str
    network: str
    range: str


NODE_ROLES: tuple[Role, ...] = (
    Role("mgmt", "management", "management"),
    Role("ahv", "management", "ahv"),
    Role("cvm", "management", "cvm"),
    Role("workload", "workload", "workload"),
)
"""The addresses every node has."""

CLUSTER_ROLE = Role("cluster", "management", "cluster")
"""The cluster's own address, reserved by its first node."""


@dataclass(frozen=True, slots=True)
class Names:
    """Names of one environment: ``{environment}-{node}-{component}-{type}``, at most 63 characters."""

    environment: str

    def address(self, node: str, role: Role) -> str:
        """A reserved IP; unique in its subnet."""
        return f"{self.environment}-{node}-{role.component}-ip"

    def interface(self, node: str, network: str) -> str:
        """A virtual network interface; unique in the VPC."""
        component = "mgmt" if network == "management" else network
        return f"{self.environment}-{node}-{component}-vni"

    def server(self, node: str, generation: int) -> str:
        """A bare metal server; unique in the region. The name of a deleted one stays taken for a while."""
        name = f"{self.environment}-{node}-host-bms"
        return name if generation == 1 else f"{name}-{generation}"


def host_name(node: str, cluster: str, role: Role, domain: str) -> str:
    """The DNS name of an address."""
    host = cluster if role is CLUSTER_ROLE else f"{node}-{role.component}"
    return f"{host}.{domain}"
