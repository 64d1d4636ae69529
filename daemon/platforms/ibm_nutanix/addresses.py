"""Picks free addresses from the ranges of a spec, one picker per subnet at a time."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache

from daemon.drivers.ibm_vpc import IbmVpc
from daemon.errors import NxdError
from daemon.steps import StepContext

FRESH_SECONDS = 600.0
"""How long a list of a subnet's addresses serves; who takes one in between is found out by its refusal."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A subnet as it was looked at: its block, and every address that was taken."""

    at: float
    cidr: str
    taken: frozenset[str]


class AddressPicker:
    """Knows which addresses are taken: in the cloud, in the ledger, and by a picker that is not done yet."""

    def __init__(self, vpc: IbmVpc) -> None:
        self._vpc = vpc
        self._picked: dict[str, set[str]] = {}
        self._seen: dict[str, _Seen] = {}

    @asynccontextmanager
    async def pick(self, ctx: StepContext, subnet: str, low: int, high: int) -> AsyncIterator[str]:
        """The lowest free address between two offsets, kept for the caller until the block ends.

        Raises NxdError when none is free.
        """
        picked = self._picked.setdefault(subnet, set())
        async with ctx.lock(f"addresses:{subnet}"):
            seen = await self._look(subnet, ctx.clock.now())
            address = _first_free(
                seen.cidr, low, high, lambda one: one in seen.taken or one in picked or ctx.held(one)
            )
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

    async def _look(self, subnet: str, now: float) -> _Seen:
        """The subnet as it was seen lately. Raises NxdError when there is no such subnet."""
        seen = self._seen.get(subnet)
        if seen is None or now - seen.at > FRESH_SECONDS:
            found = await self._vpc.subnet(subnet)
            if found is None:
                raise NxdError("not_found", f"There is no subnet {subnet}.")
            taken = frozenset(ip["address"] for ip in await self._vpc.reserved_ips(subnet))
            seen = self._seen[subnet] = _Seen(now, str(found["ipv4_cidr_block"]), taken)
        return seen


def _first_free(cidr: str, low: int, high: int, is_taken: Callable[[str], bool]) -> str:
    for address in _addresses(cidr, low, high):
        if not is_taken(address):
            return address
    network = ipaddress.IPv4Network(cidr)
    raise NxdError("no_address", f"No address is free between {network[0]}+{low} and +{high} in {cidr}.")


@cache
def _addresses(cidr: str, low: int, high: int) -> tuple[str, ...]:
    """What lies between two offsets of a block, the address of its end left out."""
    network = ipaddress.IPv4Network(cidr)
    return tuple(str(network[offset]) for offset in range(low, min(high, network.num_addresses - 2) + 1))
