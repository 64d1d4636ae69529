"""Picks free addresses from the ranges of a spec, one picker per subnet at a time."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from daemon.drivers.ibm_vpc import IbmVpc
from daemon.errors import NxdError
from daemon.steps import StepContext
from daemon.store.ops import Resource


class AddressPicker:
    """Knows which addresses are taken: in the cloud, in the ledger, and by a picker that is not done yet."""

    def __init__(self, vpc: IbmVpc) -> None:
        self._vpc = vpc
        self._picked: dict[str, set[str]] = {}

    @asynccontextmanager
    async def pick(self, ctx: StepContext, subnet: str, low: int, high: int) -> AsyncIterator[str]:
        """The lowest free address between two offsets, kept for the caller until the block ends.

        Raises NxdError when none is free.
        """
        picked = self._picked.setdefault(subnet, set())
        async with ctx.lock(f"addresses:{subnet}"):
            cidr = await subnet_cidr(self._vpc, subnet)
            taken = {ip["address"] for ip in await self._vpc.reserved_ips(subnet)}
            taken |= picked | _in_ledger(ctx.ledger("reserved_ip"), subnet)
            address = _first_free(cidr, low, high, taken)
            picked.add(address)
        try:
            yield address
        finally:
            picked.discard(address)


async def subnet_cidr(vpc: IbmVpc, subnet: str) -> str:
    """The subnet's block, like 10.240.0.0/24. Raises NxdError when there is no such subnet."""
    found = await vpc.subnet(subnet)
    if found is None:
        raise NxdError("not_found", f"There is no subnet {subnet}.")
    return str(found["ipv4_cidr_block"])


def _in_ledger(rows: Iterable[Resource], subnet: str) -> set[str]:
    return {row.data["address"] for row in rows if row.data["subnet"] == subnet}


def _first_free(cidr: str, low: int, high: int, taken: set[str]) -> str:
    network = ipaddress.IPv4Network(cidr)
    for offset in range(low, min(high, network.num_addresses - 2) + 1):
        address = str(network[offset])
        if address not in taken:
            return address
    raise NxdError("no_address", f"No address is free between {network[0]}+{low} and +{high} in {cidr}.")
