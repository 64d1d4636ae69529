"""The kinds of values in a spec of this platform: what each may look like, and what stands for one left out."""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import replace
from functools import cache
from typing import Annotated, Any

from pydantic import Field, Strict

from daemon.spec import numerals
from daemon.spec.hosts import DOMAIN, server, server_address
from daemon.spec.values import ValueType, found_text, matching, number
from daemon.spec.yaml_marks import unknown

FIRST_FREE_OFFSET = 4
"""IBM Cloud keeps the first four addresses of every subnet for itself."""
LAST_OFFSET = 65534
NODE_COMPONENTS = ("mgmt", "ahv", "cvm", "workload")
"""The interfaces of a node; each has a host name of its own, such as ``node01-cvm``."""
RANGES = {"management": (10, 50), "ahv": (51, 100), "cvm": (101, 150), "cluster": (200, 210)}
"""Range of the management subnet → the offsets it has if none are given."""
WORKLOAD_RANGE = (10, 200)
BOOT_DRIVE = "/dev/nvme0n1"
DATA_DRIVES = ("/dev/nvme2n1", "/dev/nvme3n1")
MOST_GROUPS = 5
"""Security groups on one interface (IBM Cloud VPC quotas)."""
FOUNDERS = {1: 1, 2: 3, 3: 5}
"""Redundancy factor → how many nodes a cluster with it needs at least."""

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_DISK = r"nvme[0-9]+n[0-9]+|(?:sd|vd|xvd|hd)[a-z]{1,3}|mmcblk[0-9]+|disk/by-(?:id|path)/[A-Za-z0-9_.:+=@-]+"
_PARTITION = re.compile(
    r"(/dev/(?:nvme[0-9]+n[0-9]+|mmcblk[0-9]+))p[0-9]+|(/dev/(?:sd|vd|xvd|hd)[a-z]{1,3})[0-9]+"
    r"|(/dev/disk/by-(?:id|path)/.+)-part[0-9]+"
)


_SOME_DRIVE = matching(rf"/dev/(?:{_DISK})", "a drive like /dev/nvme0n1, /dev/sda or /dev/disk/by-id/…")


def _whole_drive(value: object) -> object:
    partition = _PARTITION.fullmatch(value) if isinstance(value, str) else None
    if partition:
        drive = next(found for found in partition.groups() if found)
        raise ValueError(f'"{value}" is a partition of {drive}: name a whole drive')
    return _SOME_DRIVE.read(value)


_SOME_ZONE = matching(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+){0,2}", "a time zone like UTC or Europe/Berlin")


def _time_zone(value: str) -> str:
    _SOME_ZONE.read(value)
    known = _time_zones()
    if known and value not in known:
        raise ValueError(unknown("time zone", value, known))
    return value


@cache
def _time_zones() -> frozenset[str]:
    """Those that this host knows; none where it has no list of them."""
    return frozenset(zoneinfo.available_timezones())


def offsets(value: Any) -> tuple[int, int]:
    whole = isinstance(value, (list, tuple)) and all(type(item) is int for item in value)
    if not whole or len(value) != 2:
        texts = [item for item in value if type(item) is not int] if isinstance(value, (list, tuple)) else ()
        found = f", found {found_text(texts[0])}{numerals.hint(texts[0], numerals.number)}" if texts else ""
        raise ValueError(
            f"expected two whole numbers from {FIRST_FREE_OFFSET} to {LAST_OFFSET}, "
            f"the first and the last offset, like [10, 50]{found}"
        )
    low, high = value
    if low < FIRST_FREE_OFFSET:
        raise ValueError(
            f"a range starts at {FIRST_FREE_OFFSET} or later, IBM Cloud keeps the addresses before"
        )
    if low > high or high > LAST_OFFSET:
        raise ValueError(f"the last offset, {high}, must be from {low} to {LAST_OFFSET}")
    return low, high


Offsets = Annotated[
    tuple[int, int],
    ValueType(
        "the first and the last offset of a range, like [10, 50]",
        offsets,
        {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2},
    ),
]
"""The first and the last address of a range, both taken, counted from the subnet's network address."""


VpcId = Annotated[str, matching(r"[-0-9a-z_]{1,64}", "an id of IBM Cloud VPC, like r006-4f1c0de0-…")]
Drive = Annotated[str, replace(_SOME_DRIVE, read=_whole_drive)]
Least = Annotated[
    int, replace(number(0, whole=True, highest=1_000_000), schema={"type": "integer", "minimum": 0})
]
Position = Annotated[str, matching(r"[A-Z]{1,2}", "a position: one or two capital letters, like A")]
TimeZone = Annotated[str, replace(_SOME_ZONE, read=_time_zone)]
Guid = Annotated[str, matching(UUID, "the GUID of a DNS Services instance")]
ZoneId = Annotated[str, matching(rf"{DOMAIN}:{UUID}", 'a zone id like "nutanix.internal:4f1c0de0-…"')]
Domain = Annotated[str, matching(DOMAIN, "a domain in lower case, like nutanix.internal")]
SecurityGroups = Annotated[tuple[VpcId, ...], Strict(False), Field(min_length=1, max_length=MOST_GROUPS)]
NameServers = Annotated[
    tuple[Annotated[str, ValueType("the address of a server", server_address)], ...], Strict(False)
]
TimeServers = Annotated[
    tuple[Annotated[str, ValueType("the name or address of a server", server)], ...], Strict(False)
]
