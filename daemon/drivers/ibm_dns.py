"""How to speak to IBM Cloud DNS Services: address records of a zone.

Every method raises OutsideError. Writers of one zone must take turns: records made at once draw 429.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from daemon.drivers.ibm_auth import TrustedProfile
from daemon.drivers.ibm_calls import IbmCalls, widen_pool
from daemon.errors import OutsideError
from daemon.locks import TokenBucket

Json = dict[str, Any]
PAGE = 200


def open_dns(
    url: str,
    profile: TrustedProfile,
    threads: ThreadPoolExecutor,
    connections: int,
    timeout: tuple[float, float],
    bucket: TokenBucket,
) -> IbmDns:
    """A client of DNS Services at ``url`` (which ends in /v1)."""

    def make() -> Any:
        from ibm_cloud_networking_services import DnsSvcsV1

        service = DnsSvcsV1(authenticator=profile.authenticator())
        service.set_service_url(url)
        widen_pool(service, connections, timeout)
        return service

    return IbmDns(IbmCalls(threads, bucket, make))


class IbmDns:
    """The calls of DNS Services that nxd needs."""

    def __init__(self, calls: IbmCalls) -> None:
        self._calls = calls

    async def zone(self, instance: str, zone: str) -> Json | None:
        """The zone, or None."""
        return await self._lookup("get_dnszone", instance, zone)

    async def address_record(self, instance: str, zone: str, name: str) -> Json | None:
        """The A record of this full name, or None."""
        offset = 0
        while True:
            page = await self._calls(
                "list_resource_records", instance, zone, type="A", name=name, offset=offset, limit=PAGE
            )
            for record in page["resource_records"]:
                if record["name"] == name:
                    found: Json = record
                    return found
            offset += PAGE
            if offset >= page["total_count"]:
                return None

    async def create_record(
        self, instance: str, zone: str, record_type: str, name: str, rdata: Json, ttl: int = 300
    ) -> Json:
        """Make a record. The service does not refuse a second one of the same name: look first."""
        made: Json = await self._calls(
            "create_resource_record", instance, zone, type=record_type, name=name, rdata=rdata, ttl=ttl
        )
        return made

    async def record(self, instance: str, zone: str, id_: str) -> Json | None:
        """The record, or None once it is a 404."""
        return await self._lookup("get_resource_record", instance, zone, id_)

    async def delete_record(self, instance: str, zone: str, id_: str) -> None:
        """Delete the record."""
        await self._lookup("delete_resource_record", instance, zone, id_)

    async def _lookup(self, method: str, *args: Any) -> Json | None:
        try:
            found: Json = await self._calls(method, *args)
        except OutsideError as error:
            if error.code == "not_found":
                return None
            raise
        return found
