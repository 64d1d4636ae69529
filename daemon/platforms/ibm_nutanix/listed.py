"""What is kept of the items of a list, and the lists that the looks of one preflight share."""

from __future__ import annotations

from daemon.drivers.ibm_vpc import IbmVpc, Listed, Reference

NO_ADDRESS_YET = "0.0.0.0"
"""What a reserved IP shows for up to 30 seconds."""


class NamedAddress(Listed, gc=False):
    """A reserved IP as it is found by its name; ``created_at`` is RFC 3339."""

    address: str
    created_at: str


class NamedInterface(Listed, gc=False):
    """A virtual network interface as it is found by its name, with the reserved IP that it was made on."""

    primary_ip: Reference


class ListedAddress(Listed, gc=False):
    """A reserved IP by its name, and its address, which is not free."""

    address: str


class Lists:
    """Lists of the VPC as they were when somebody first asked for them: each is asked for once."""

    def __init__(self, vpc: IbmVpc, region: str) -> None:
        self._vpc = vpc
        self._region = region
        self._zones: list[str] | None = None
        self._servers: list[Listed] | None = None
        self._addresses: dict[str, list[ListedAddress]] = {}

    async def zones(self) -> list[str]:
        """Every zone of the region; none where there is no such region. Raises OutsideError."""
        if self._zones is None:
            self._zones = await self._vpc.zones(self._region) or []
        return self._zones

    async def servers(self) -> list[Listed]:
        """Every server of the account in the region. Raises OutsideError."""
        if self._servers is None:
            self._servers = await self._vpc.servers(Listed)
        return self._servers

    async def addresses(self, subnet: str) -> list[ListedAddress]:
        """Every address in use in a subnet. Raises OutsideError."""
        if subnet not in self._addresses:
            self._addresses[subnet] = await self._vpc.reserved_ips(ListedAddress, subnet)
        return self._addresses[subnet]
