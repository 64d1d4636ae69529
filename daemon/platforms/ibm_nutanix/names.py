"""What things are called: deterministic names, unique in their scope, that say whose they are and what for."""

from __future__ import annotations

from dataclasses import dataclass

from daemon.spec.names import NameRule
from daemon.spec.values import matching

NAMES = NameRule(
    29,
    matching(
        r"(?!ibm(?:-|\Z))[a-z](?:[a-z0-9-]{0,18}[a-z0-9])?",
        'a name of at most 20 characters: lower case letters, digits and "-", a letter first, no "-" at the end, and '
        "neither ibm nor ibm-…, which IBM Cloud keeps for itself",
    ),
)
"""With an environment of 20 characters and ``-workload-vni``, a name in the cloud has 63."""


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
