"""Finds what has the names already that a deployment would give: each node would fail on it, after others were paid."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any

from daemon.drivers.ibm_dns import IbmDns
from daemon.drivers.ibm_vpc import IbmVpc, Listed
from daemon.platforms.base import Check
from daemon.platforms.ibm_nutanix.listed import Lists
from daemon.platforms.ibm_nutanix.names import CLUSTER_ROLE, NODE_ROLES, Names, host_name
from daemon.words import counted, first_of

SHOWN = 4
"""So many are named."""
LOOKS = 12
"""So many are looked at by themselves: a list may lag, and what it still has may be gone."""

Json = Mapping[str, Any]
Look = Callable[[], Awaitable[Json | None]]
Known = Collection[tuple[str, str]]
"""Kind and name of what the ledger has."""


class Namesakes:
    """Looks for objects that no row of the ledger knows, by lists and not name by name."""

    def __init__(self, names: Names, vpc: IbmVpc, dns: IbmDns) -> None:
        self._names = names
        self._vpc = vpc
        self._dns = dns

    async def check(self, spec: Json, nodes: Mapping[str, int], known: Known, lists: Lists) -> Check:
        """Whether every name is free that these nodes still need, each with a server of this number. Raises
        OutsideError."""
        wanted = set(self._wanted(spec, nodes)) - set(known)
        if not wanted:
            return Check("names", "passed", "what is named in the spec was made by this nxd")
        hits = [hit async for hit in self._listed(spec["ibm"], lists) if hit[:2] in wanted]
        found: dict[str, None] = {}
        for kind, name, look in islice(hits, LOOKS):
            there = await look()
            if there is not None and "deleting" not in (there.get("lifecycle_state"), there.get("status")):
                found[f"{kind} {name}"] = None
        if not found:
            return Check("names", "passed", f"{counted(len(wanted), 'name')} free")
        return Check(
            "names",
            "failed",
            f"There is {first_of(found, SHOWN)} already, and this nxd did not make it. It looks like the work "
            f"of another nxd whose environment is {self._names.environment} too, or of one whose ledger was lost.",
            "See with `nxd audit` what there is and whose it is; then delete it there if it is nobody's, or give the "
            "cluster and its nodes other names.",
        )

    def _wanted(self, spec: Json, nodes: Mapping[str, int]) -> Iterator[tuple[str, str]]:
        """Kind and name of what will be made for these nodes, of which the first has the cluster's address."""
        domain = spec["ibm"]["dns"]["name"]
        for index, (node, number) in enumerate(nodes.items()):
            for role in NODE_ROLES if index else (*NODE_ROLES, CLUSTER_ROLE):
                yield "reserved_ip", self._names.address(node, role)
                yield "dns_record", host_name(node, spec["cluster"], role, domain)
            for network in ("management", "workload"):
                yield "vni", self._names.interface(node, network)
            yield "server", self._names.server(node, number)

    async def _listed(self, ibm: Json, lists: Lists) -> AsyncIterator[tuple[str, str, Look]]:
        """Kind and name of everything that is there, and how one of it is looked at."""
        vpc, dns = self._vpc, ibm["dns"]
        for subnet in dict.fromkeys(ibm[network]["subnet"] for network in ("management", "workload")):
            for ip in await lists.addresses(subnet):
                yield "reserved_ip", ip.name, partial(vpc.reserved_ip, subnet, ip.id)
        for vni in await vpc.vnis(Listed):
            yield "vni", vni.name, partial(vpc.vni, vni.id)
        for server in await lists.servers():
            yield "server", server.name, partial(vpc.server, server.id)
        for one in await self._dns.address_records(dns["instance"], dns["zone"]):
            yield (
                "dns_record",
                one["name"],
                partial(self._dns.record, dns["instance"], dns["zone"], one["id"]),
            )
