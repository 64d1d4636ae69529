"""Records in DNS that stand in the way of a node's name: an error that tells of one says which one, and how it goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from daemon.drivers.ibm_dns import IbmDns
from daemon.errors.tree import NxdError, OutsideError, outside
from state_machines.outcome import Remedy

MOST = 4
"""So many records are told of one by one."""


async def name_records(error: NxdError, client: IbmDns, dns: Mapping[str, Any], name: str) -> None:
    """Give the error remedies that name the records, unless it has better ones of its own or they cannot be seen."""
    if error.code in ("conflict", "foreign") and error.remedies == error.kind.mend:
        with suppress(OutsideError):
            records = await client.records_named(dns["instance"], dns["zone"], name)
            error.remedies = _of_records(dns["instance"], dns["zone"], records) or error.remedies


def _of_records(instance: str, zone: str, records: Iterable[Mapping[str, Any]]) -> tuple[Remedy, ...]:
    """Records of somebody else that have the name which a node needs: whose each is, and how it goes."""
    found = [
        outside(
            f"See who needs the {one['type']} record {one['name']} ({one['id']}) in the zone {zone}, which says "
            f"{', '.join(map(str, one['rdata'].values()))}. If nobody does, delete it: ibmcloud dns "
            f"resource-record-delete {zone} {one['id']} -i {instance} --force."
        )
        for one in records
    ]
    other = outside("If somebody does: roll back, and give the node another name in the spec (nodes).")
    return (*found[:MOST], other) if found else ()
