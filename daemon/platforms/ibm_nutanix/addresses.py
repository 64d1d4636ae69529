"""Gives addresses from the ranges of a spec: to a whole cluster in the order of its spec, and to a node whose own
one was taken meanwhile."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from daemon.drivers.ibm_codes import NO_ADDRESS
from daemon.drivers.ibm_vpc import IbmVpc, UsedAddress
from daemon.engine.context import StepContext
from daemon.errors.tree import NxdError
from daemon.memory.mirror import Mirror
from daemon.platforms.ibm_nutanix.names import CLUSTER_ROLE, NODE_ROLES, Role
from daemon.platforms.ibm_nutanix.planned import FACT, offsets_of
from daemon.store.ops import Resource
from state_machines.ibm_nutanix import NODE
from state_machines.record import Record

FRESH_SECONDS = 600.0
"""How long a list of a subnet's addresses serves; who takes one in between is found out by its refusal."""

Slot = tuple[str, str]
"""A node, and the component that one of its addresses is for."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the daemon knows: every record, who holds an address, and the ledger rows of a node."""

    records: Callable[[], Iterable[Record]]
    held: Callable[[str], bool]
    rows: Callable[[str], Sequence[Resource]]

    @staticmethod
    def of_step(ctx: StepContext) -> Known:
        return Known(ctx.all_records, ctx.held, lambda node: ctx.resources("reserved_ip", owner=node))

    @staticmethod
    def of_mirror(mirror: Mirror) -> Known:
        return Known(lambda: list(mirror.records.values()), mirror.is_held, mirror.resources)


def assign(
    nodes: Sequence[str],
    pools: Mapping[Role, Sequence[str]],
    had: Mapping[Slot, str],
    taken: Callable[[str], bool],
) -> dict[Slot, str]:
    """An address for each node and role, in the order of the spec: whoever has one keeps it, the others get the
    lowest that is free. The first node has the cluster's too. Nothing else decides, so it is the same in every run."""
    given, used = dict(had), set(had.values())
    for role, pool in pools.items():
        left = (one for one in pool if one not in used and not taken(one))
        for node in nodes[:1] if role is CLUSTER_ROLE else nodes:
            if (node, role.component) not in given:
                address = next(left, None)
                if address is None:
                    break
                given[node, role.component] = address
                used.add(address)
    return given


@dataclass(frozen=True, slots=True)
class _SubnetSeen:
    """A subnet as it was looked at: its block, and every address that was taken."""

    at: float
    cidr: str
    taken: frozenset[str]


class AddressPicker:
    """Knows which addresses are taken: in the cloud, in the ledger, by a picker that is not done yet, and by a
    node that was promised one."""

    def __init__(self, vpc: IbmVpc) -> None:
        self._vpc = vpc
        self._picked: dict[str, set[str]] = {}
        self._seen: dict[str, _SubnetSeen] = {}
        self._promised: dict[str, str] = {}
        """Address → the node it was promised to, until the node remembers it itself."""

    async def give(self, ctx: StepContext, nodes: Sequence[str]) -> dict[str, dict[str, str]]:
        """Promise the nodes of a cluster their addresses, all in the order given: node → role → address.

        Raises OutsideError, NxdError.
        """
        ibm = ctx.cluster.spec["ibm"]
        first, second = sorted({ibm[network]["subnet"] for network in ("management", "workload")})
        async with ctx.lock(f"addresses:{first}"), ctx.lock(f"addresses:{second}"):
            now = ctx.clock.now()
            found = await self.foresee(Known.of_step(ctx), nodes, ibm, now, FRESH_SECONDS)
            for node, addresses in found.items():
                self._promised |= dict.fromkeys(addresses.values(), node)
        return found

    async def foresee(
        self, known: Known, nodes: Sequence[str], ibm: Mapping[str, Any], now: float, fresh: float = 0.0
    ) -> dict[str, dict[str, str]]:
        """Which addresses the nodes would get now: node → role → address; nothing is promised.

        Raises OutsideError, NxdError.
        """
        pools: dict[Role, Sequence[str]] = {}
        taken: set[str] = set()
        for role in (*NODE_ROLES, CLUSTER_ROLE):
            seen = await self._look(ibm[role.network]["subnet"], now, fresh)
            pools[role] = _addresses(seen.cidr, *offsets_of(ibm, role))
            taken |= seen.taken
        records = {record.name: record for record in known.records()}
        promised = self._promises(records, nodes)

        def is_taken(address: str) -> bool:
            return address in taken or address in promised or known.held(address)

        had: dict[Slot, str] = {}
        for node in nodes:
            facts = records[node].facts if node in records else {}
            had |= _had(node, facts.get(FACT, {}), known.rows(node), pools, is_taken)
        found: dict[str, dict[str, str]] = {}
        for (node, component), address in assign(nodes, pools, had, is_taken).items():
            found.setdefault(node, {})[component] = address
        return found

    def _promises(self, records: Mapping[str, Record], but: Sequence[str]) -> set[str]:
        """Every address that a node has been promised and not reserved yet, those of ``but`` left out."""
        ours = (one for one in records.values() if one.kind == NODE.name)
        living = {one.name for one in ours if one.state != "rolled_back"}.difference(but)
        remembered = {one for name in living for one in records[name].facts.get(FACT, {}).values()}
        return remembered | {address for address, node in self._promised.items() if node in living}

    @asynccontextmanager
    async def pick(
        self, ctx: StepContext, subnet: str, low: int, high: int, preferred: str | None = None
    ) -> AsyncIterator[str]:
        """The preferred address while it is free, else the lowest free one between two offsets that nobody else was
        promised; kept for the caller until the block ends.

        Raises NxdError when none is free.
        """
        picked = self._picked.setdefault(subnet, set())
        async with ctx.lock(f"addresses:{subnet}"):
            seen = await self._look(subnet, ctx.clock.now(), FRESH_SECONDS)

            def is_taken(one: str) -> bool:
                return one in seen.taken or one in picked or ctx.held(one)

            if preferred is None or is_taken(preferred) or preferred not in _addresses(seen.cidr, low, high):
                records = {record.name: record for record in ctx.all_records()}
                promised = self._promises(records, [ctx.record.name])
                address = _first_free(seen.cidr, low, high, lambda one: is_taken(one) or one in promised)
            else:
                address = preferred
            picked.add(address)
        try:
            yield address
        except BaseException:
            self.forget(subnet)
            raise
        finally:
            picked.discard(address)

    def forget(self, subnet: str) -> None:
        """The subnet is not as it was seen: look again before the next address is picked."""
        self._seen.pop(subnet, None)

    async def _look(self, subnet: str, now: float, fresh: float) -> _SubnetSeen:
        """The subnet as it was seen so many seconds ago or less. Raises NxdError when there is no such subnet."""
        seen = self._seen.get(subnet)
        if seen is None or now - seen.at > fresh:
            found = await self._vpc.subnet(subnet)
            if found is None:
                raise NxdError("not_found", f"There is no subnet {subnet}.")
            taken = frozenset(ip.address for ip in await self._vpc.reserved_ips(UsedAddress, subnet))
            seen = self._seen[subnet] = _SubnetSeen(now, str(found["ipv4_cidr_block"]), taken)
        return seen


def _had(
    node: str,
    promised: Mapping[str, str],
    rows: Sequence[Resource],
    pools: Mapping[Role, Sequence[str]],
    is_taken: Callable[[str], bool],
) -> dict[Slot, str]:
    """The addresses that a node has reserved, or was promised and can still get."""
    had = {
        (node, str(row.data["role"])): str(row.data["address"])
        for row in rows
        if row.kind == "reserved_ip" and row.state != "gone"
    }
    for role, pool in pools.items():
        address = promised.get(role.component, "")
        if address in pool and (node, role.component) not in had and not is_taken(address):
            had[node, role.component] = address
    return had


def _first_free(cidr: str, low: int, high: int, is_taken: Callable[[str], bool]) -> str:
    for address in _addresses(cidr, low, high):
        if not is_taken(address):
            return address
    network = ipaddress.IPv4Network(cidr)
    raise NxdError(NO_ADDRESS, f"No address is free between {network[0]}+{low} and +{high} in {cidr}.")


@cache
def _addresses(cidr: str, low: int, high: int) -> tuple[str, ...]:
    """What lies between two offsets of a block, the address of its end left out."""
    network = ipaddress.IPv4Network(cidr)
    return tuple(str(network[offset]) for offset in range(low, min(high, network.num_addresses - 2) + 1))


def asked_for(row: Resource) -> list[str]:
    """Every address that was asked for under the name of a row, the last one first."""
    asked: list[str] = row.data.get("asked") or [row.data["address"]]
    return asked
