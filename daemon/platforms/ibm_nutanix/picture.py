"""A cluster as its map shows it: two networks, the server and the CVM of each node, and Prism over all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from daemon.memory.looks import Look, Looks
from daemon.memory.mirror import Mirror
from daemon.platforms.base import Picture, Seen, Shown, Sign
from daemon.platforms.ibm_nutanix.cluster import UP_POLL
from daemon.platforms.ibm_nutanix.cvms import ARRIVED
from daemon.platforms.ibm_nutanix.machine import CVM_POLL
from daemon.platforms.ibm_nutanix.names import CLUSTER_ROLE, host_name
from daemon.platforms.ibm_nutanix.reserved import addresses
from daemon.store.ops import Resource
from state_machines.record import Record

POLLS = 3
"""What was not asked again for so many polls is old."""
MANAGEMENT, WORKLOAD = "management", "workload"
_FORMED = "nutanix_cluster"
"""The kind of ledger row that stands for the cluster itself."""
_REFUSED = (401, 403)
"""What a Prism answers that is there, and takes another password."""


def picture(cluster: Record, members: Sequence[Record], mirror: Mirror, looks: Looks, poll: float) -> Picture:
    """What is known of a cluster; ``poll`` is how often a server is asked for, in seconds."""
    ibm = cluster.spec["ibm"]
    boxes = [_node(one, mirror.resources(one.name), looks, poll) for one in members]
    return Picture(
        rails={name: f"subnet {ibm[name]['subnet']}" for name in (MANAGEMENT, WORKLOAD)},
        members=boxes,
        services=[_prism(cluster, mirror, looks)],
        notes={"vpc": str(ibm["vpc"]), "zone": str(ibm["zone"])},
    )


def _node(record: Record, rows: Sequence[Resource], looks: Looks, poll: float) -> Shown:
    mine = addresses(rows)
    return Shown(
        record.name,
        [
            _server(rows, looks, poll),
            *_addresses(mine, ("mgmt", "ahv")),
            *_cvm(record, mine, looks),
            *_addresses(mine, ("workload",)),
        ],
        beside=str(record.spec.get("position", "")),
        rails=(MANAGEMENT, WORKLOAD),
        address=mine.get("mgmt", ""),
    )


def _addresses(mine: Mapping[str, str], roles: Sequence[str]) -> list[Seen]:
    return [Seen("none", role, mine[role]) for role in roles if role in mine]


def _server(rows: Sequence[Resource], looks: Looks, poll: float) -> Seen:
    """The server as it was answered for last; a list in which many are looked at together is no answer about one."""
    row = next((row for row in rows if row.kind == "server" and row.state != "gone"), None)
    if row is None:
        return Seen("unasked", "server", "none yet")
    look = looks.of(row.cloud_id)
    if look is None:
        return Seen("unasked", "server", row.state)
    if look.status == 404:
        return Seen("failed", "server", "not found", look.time, POLLS * poll)
    if not look.well:
        return Seen("attention", "server", _answer(look), look.time, POLLS * poll)
    sign: Sign = "ok" if row.state == "present" else "working" if row.state == "intended" else "releasing"
    return Seen(sign, "server", row.state, look.time, POLLS * poll)


def _cvm(record: Record, mine: Mapping[str, str], looks: Looks) -> list[Seen]:
    """The controller VM: its address, and what Prism answered there."""
    if "cvm" not in mine:
        return []
    look = looks.at(mine["cvm"])
    if look is None:
        return [Seen("unasked", "cvm", mine["cvm"]), Seen("none", "Prism", "not asked yet")]
    there = look.well or look.status in _REFUSED
    missing: Sign = "failed" if record.state in ARRIVED else "waiting"
    asked = Seen("none", "Prism", _answer(look), look.time, POLLS * CVM_POLL)
    return [Seen("ok" if there else missing, "cvm", mine["cvm"]), asked]


def _prism(cluster: Record, mirror: Mirror, looks: Looks) -> Shown:
    """The cluster as a whole: whether it was formed, and its own address."""
    ibm = cluster.spec["ibm"]
    name = host_name("", cluster.name, CLUSTER_ROLE, ibm["dns"]["name"])
    reserved = next(iter(_external(cluster, mirror)), None)
    address = "" if reserved is None else str(reserved.data["address"])
    formed = any(row.state == "present" for row in mirror.resources(cluster.name) if row.kind == _FORMED)
    rows = [Seen("ok", "formed", "yes") if formed else Seen("unasked", "formed", "not yet")]
    if address:
        look = looks.at(address)
        if look is not None:
            sign: Sign = "ok" if look.well or look.status in _REFUSED else "failed"
            rows.append(Seen(sign, "Prism", _answer(look), look.time, POLLS * UP_POLL))
    return Shown(name, rows, address, (MANAGEMENT,), address)


def _external(cluster: Record, mirror: Mirror) -> list[Resource]:
    """The row of the cluster's own address, which its first node reserved."""
    return [
        row
        for member in mirror.members(cluster.name)
        if member.spec.get("first")
        for row in mirror.resources(member.name)
        if row.kind == "reserved_ip"
        and row.data.get("role") == CLUSTER_ROLE.component
        and row.state == "present"
    ]


def _answer(look: Look) -> str:
    return "no answer" if look.status is None else str(look.status)
