"""Looks up what a deployment needs before any money is spent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from daemon.drivers.ibm_dns import IbmDns
from daemon.drivers.ibm_vpc import IbmVpc
from daemon.platforms.ibm_nutanix.names import CLUSTER_ROLE, NODE_ROLES, Role

Lookup = Callable[[str], Awaitable[Mapping[str, Any] | None]]


class Preflight:
    """Each check answers with sentences; none means that all is well. Raises OutsideError."""

    def __init__(self, vpc: IbmVpc, dns: IbmDns) -> None:
        self._vpc = vpc
        self._dns = dns

    async def check(self, spec: Mapping[str, Any], nodes: int) -> list[str]:
        """Every problem found."""
        ibm = spec["ibm"]
        problems = await self._missing("VPC", self._vpc.vpc, ibm["vpc"])
        problems += await self._missing("profile", self._vpc.profile, ibm["profile"])
        for network in ("management", "workload"):
            for group in ibm[network]["security_groups"]:
                problems += await self._missing("security group", self._vpc.security_group, group)
        problems += await self._image(ibm["image"])
        problems += await self._zone(ibm["dns"])
        problems += await self._subnet(ibm, "management", nodes)
        problems += await self._subnet(ibm, "workload", nodes)
        return problems

    async def _missing(self, what: str, look: Lookup, id_: str) -> list[str]:
        return [] if await look(id_) else [f"There is no {what} {id_}."]

    async def _image(self, id_: str) -> list[str]:
        image = await self._vpc.image(id_)
        if image is None:
            return [f"There is no image {id_}."]
        if image["user_data_format"] != "ipxe":
            return [f"The image {image['name']} does not boot iPXE from its user data."]
        return []

    async def _zone(self, dns: Mapping[str, Any]) -> list[str]:
        zone = await self._dns.zone(dns["instance"], dns["zone"])
        if zone is None:
            return [f"There is no DNS zone {dns['zone']}."]
        if zone["state"].lower() != "active":
            return [f"The DNS zone {zone['name']} is {zone['state']}: add the VPC to its permitted networks."]
        if zone["name"] != dns["name"]:
            return [f"The DNS zone {dns['zone']} is called {zone['name']}, not {dns['name']}."]
        return []

    async def _subnet(self, ibm: Mapping[str, Any], network: str, nodes: int) -> list[str]:
        wanted = ibm[network]
        subnet = await self._vpc.subnet(wanted["subnet"])
        if subnet is None:
            return [f"There is no {network} subnet {wanted['subnet']}."]
        if subnet["zone"]["name"] != ibm["zone"]:
            return [f"The {network} subnet is in {subnet['zone']['name']}, the servers in {ibm['zone']}."]
        needed = sum(nodes for role in NODE_ROLES if role.network == network)
        needed += int(CLUSTER_ROLE.network == network)
        free = int(subnet["available_ipv4_address_count"])
        if free < needed:
            return [f"The {network} subnet has {free} free addresses, {needed} are needed."]
        return [f"The {network} subnet {subnet['ipv4_cidr_block']} is too small for the range of {role.range}."
                for role in (*NODE_ROLES, CLUSTER_ROLE)
                if role.network == network and _first_offset(wanted, role) >= subnet["total_ipv4_address_count"]
                ]  # fmt: skip


def _first_offset(network: Mapping[str, Any], role: Role) -> int:
    ranges = network["ranges"][role.range] if "ranges" in network else network["range"]
    return int(ranges[0])
