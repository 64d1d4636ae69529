"""How to speak to IBM Cloud DNS Services: address records of a zone.

Every method raises OutsideError. Writers of one zone must take turns: records made at once draw 429.
"""

from __future__ import annotations

from typing import Any

from daemon.drivers.ibm_calls import IbmCalls, IbmCloud
from daemon.drivers.ibm_sdk import load
from daemon.drivers.rates import TokenBucket
from daemon.errors.tree import OutsideError

Json = dict[str, Any]
PAGE = 200


def open_dns(cloud: IbmCloud, url: str, bucket: TokenBucket) -> IbmDns:
    """A client of DNS Services at ``url`` (which ends in /v1)."""
    return IbmDns(cloud.calls(service, url, bucket))


def service() -> Any:
    """The SDK's class, with what is called here."""
    return load("ibm_cloud_networking_services.dns_svcs_v1", "DnsSvcsV1", IbmDns)


class IbmDns:
    """The calls of DNS Services that nxd needs."""

    def __init__(self, calls: IbmCalls) -> None:
        self._calls = calls

    async def zone(self, instance: str, zone: str) -> Json | None:
        """The zone, or None."""
        return await self._lookup("get_dnszone", instance, zone)

    async def permitted_networks(self, instance: str, zone: str) -> list[Json]:
        """The networks in which the zone is served."""
        page = await self._calls("list_permitted_networks", instance, zone)
        found: list[Json] = page["permitted_networks"]
        return found

    async def address_records(self, instance: str, zone: str, **only: str) -> list[Json]:
        """The zone's A records; ``name`` asks for those of one full name."""
        records: list[Json] = []
        while True:
            page = await self._calls(
                "list_resource_records", instance, zone, type="A", offset=len(records), limit=PAGE, **only
            )
            records += page["resource_records"]
            if not page["resource_records"] or len(records) >= page["total_count"]:
                return records

    async def records_named(self, instance: str, zone: str, name: str) -> list[Json]:
        """Every record of this full name, of whatever type."""
        page = await self._calls("list_resource_records", instance, zone, name=name, limit=PAGE)
        found: list[Json] = page["resource_records"]
        return [record for record in found if record["name"] == name]

    async def create_record(
        self, instance: str, zone: str, record_type: str, name: str, rdata: Json, ttl: int = 300
    ) -> Json:
        """Make a record. The service does not refuse a second one of the same name: look first."""
        return await self._calls.make(
            "create_resource_record", instance, zone, type=record_type, name=name, rdata=rdata, ttl=ttl
        )

    async def record(self, instance: str, zone: str, id_: str) -> Json | None:
        """The record, or None once it is a 404."""
        return await self._lookup("get_resource_record", instance, zone, id_)

    async def delete_record(self, instance: str, zone: str, id_: str) -> None:
        """Delete the record."""
        await self._lookup("delete_resource_record", instance, zone, id_)

    async def close(self) -> None:
        """End every connection."""
        await self._calls.close()

    async def _lookup(self, method: str, *args: Any) -> Json | None:
        try:
            found: Json = await self._calls(method, *args)
        except OutsideError as error:
            if error.status == 404 and error.code == "not_found":
                return None
            raise
        return found
