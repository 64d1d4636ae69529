"""How to speak to IBM Cloud VPC: reserved IPs, virtual network interfaces, bare metal servers, and lookups.

Every method raises OutsideError. Objects are the API's own JSON (https://cloud.ibm.com/apidocs/vpc).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from daemon.drivers.ibm_calls import IbmCalls, IbmCloud, Picked
from daemon.drivers.ibm_sdk import load
from daemon.drivers.rates import TokenBucket
from daemon.errors.tree import OutsideError

Json = dict[str, Any]


class Reference(Struct, gc=False):
    """An object, as others name it."""

    id: str


class Listed(Reference, gc=False):
    """An item of a list, as far as every kind of object has it. Whoever asks for a list says what of its items is
    kept: a thousand servers whole are 10 MB."""

    name: str


class UsedAddress(Struct, gc=False):
    """A reserved IP of a subnet, as far as its address is not free."""

    address: str


def open_vpc(cloud: IbmCloud, url: str, bucket: TokenBucket) -> IbmVpc:
    """A client of the VPC API at ``url`` (which ends in /v1)."""
    return IbmVpc(cloud.calls(service, url, bucket))


def service() -> Any:
    """The SDK's class, with what is called here."""
    return load("ibm_vpc.vpc_v1", "VpcV1", IbmVpc)


class IbmVpc:
    """The calls of the VPC API that nxd needs."""

    def __init__(self, calls: IbmCalls) -> None:
        self._calls = calls

    async def close(self) -> None:
        """End every connection."""
        await self._calls.close()

    async def _lookup(self, method: str, *args: Any, **named: Any) -> Json | None:
        try:
            found: Json = await self._calls(method, *args, **named)
        except OutsideError as error:
            if error.status == 404 and error.code == "not_found":
                return None
            raise
        return found

    async def vpc(self, id_: str) -> Json | None:
        """The VPC, or None."""
        return await self._lookup("get_vpc", id_)

    async def zones(self, region: str) -> list[str] | None:
        """The names of the zones of a region; None where there is no such region."""
        found = await self._lookup("list_region_zones", region)
        return None if found is None else [str(zone["name"]) for zone in found["zones"]]

    async def subnet(self, id_: str) -> Json | None:
        """The subnet, or None."""
        return await self._lookup("get_subnet", id_)

    async def subnets(self) -> list[Json]:
        """Every subnet of the account in the region."""
        return await self._calls.pages("list_subnets", "subnets")

    async def image(self, id_: str) -> Json | None:
        """The image, or None."""
        return await self._lookup("get_image", id_)

    async def profile(self, name: str) -> Json | None:
        """The bare metal server profile, or None."""
        return await self._lookup("get_bare_metal_server_profile", name)

    async def security_group(self, id_: str) -> Json | None:
        """The security group, or None."""
        return await self._lookup("get_security_group", id_)

    async def reserved_ips(self, shown: type[Picked], subnet: str) -> list[Picked]:
        """Every address in use in the subnet, the provider's own included, with only what stands in ``shown``."""
        return await self._calls.picked("list_subnet_reserved_ips", "reserved_ips", shown, subnet)

    async def reserve_ip(self, subnet: str, address: str, name: str) -> Json:
        """Reserve this address under this name (unique in the subnet)."""
        return await self._calls.make(
            "create_subnet_reserved_ip", subnet, address=address, name=name, auto_delete=False
        )

    async def reserved_ip(self, subnet: str, id_: str) -> Json | None:
        """The reserved address, or None once it is a 404."""
        return await self._lookup("get_subnet_reserved_ip", subnet, id_)

    async def release_ip(self, subnet: str, id_: str) -> None:
        """Give the address back; it must not be bound."""
        await self._lookup("delete_subnet_reserved_ip", subnet, id_)

    async def create_vni(
        self,
        name: str,
        primary_ip: str,
        secondary_ips: Sequence[str],
        security_groups: Sequence[str],
        subnet: str,
        resource_group: str | None,
        allow_ip_spoofing: bool,
    ) -> Json:
        """Make an interface (name unique in the VPC) on reserved addresses, given by their ids."""
        group = {"resource_group": {"id": resource_group}} if resource_group else {}
        return await self._calls.make(
            "create_virtual_network_interface",
            name=name,
            primary_ip={"id": primary_ip},
            ips=[{"id": id_} for id_ in secondary_ips],
            security_groups=[{"id": id_} for id_ in security_groups],
            subnet={"id": subnet},
            allow_ip_spoofing=allow_ip_spoofing,
            enable_infrastructure_nat=True,
            auto_delete=False,
            **group,
        )

    async def vnis(self, shown: type[Picked]) -> list[Picked]:
        """Every interface of the account in the region, with only what stands in ``shown``."""
        return await self._calls.picked(
            "list_virtual_network_interfaces", "virtual_network_interfaces", shown
        )

    async def vni(self, id_: str) -> Json | None:
        """The interface, or None once it is a 404."""
        return await self._lookup("get_virtual_network_interface", id_)

    async def delete_vni(self, id_: str) -> None:
        """Delete the interface; it must not be attached. It is gone when it is a 404."""
        await self._lookup("delete_virtual_network_interfaces", id_)

    async def create_server(self, prototype: Json) -> Json:
        """Order a bare metal server (name unique in the region). From here on it costs money."""
        return await self._calls.make("create_bare_metal_server", prototype)

    async def server(self, id_: str) -> Json | None:
        """The server, or None once it is a 404."""
        return await self._lookup("get_bare_metal_server", id_)

    async def servers(self, shown: type[Picked]) -> list[Picked]:
        """Every bare metal server of the account in the region, with only what stands in ``shown``."""
        return await self._calls.picked("list_bare_metal_servers", "bare_metal_servers", shown)

    async def server_named(self, name: str) -> Json | None:
        """The server of this name, or None."""
        found = await self._calls.pages("list_bare_metal_servers", "bare_metal_servers", name=name)
        return found[0] if found else None

    async def stop_server(self, id_: str) -> None:
        """Cut the server's power."""
        await self._calls("stop_bare_metal_server", id_, "hard")

    async def start_server(self, id_: str) -> None:
        """Switch a stopped server on."""
        await self._calls("start_bare_metal_server", id_)

    async def reinitialise_server(self, id_: str, image: str, keys: Sequence[str], user_data: str) -> None:
        """Wipe a stopped server's boot disk and boot it anew; it keeps its id and addresses, and starts by itself."""
        await self._calls(
            "replace_bare_metal_server_initialization",
            id_,
            {"id": image},
            [{"id": key} for key in keys],
            user_data=user_data,
        )

    async def console_href(self, id_: str, force: bool) -> tuple[str, str]:
        """The address of the server's serial console and the token in it, which opens one session within three
        minutes. ``force`` ends the session of whoever has it open."""
        named = {"force": True} if force else {}
        made = await self._calls("create_bare_metal_server_console_access_token", id_, "serial", **named)
        try:
            return str(made["href"]), str(made["access_token"])
        except (KeyError, TypeError):
            raise OutsideError("malformed", "The answer names no address of the console.") from None

    async def delete_server(self, id_: str) -> None:
        """Give a stopped or failed server back. It is gone, and free of charge, when it is a 404."""
        await self._lookup("delete_bare_metal_server", id_)
