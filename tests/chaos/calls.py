"""The calls that the matrix breaks, as data: what each makes or asks, in which step, and how the world shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Way = Literal["ledger", "plain", "read"]
"""With a ledger row, whose intent goes before the call; without one, the state itself being the intent; or a look."""


@dataclass(frozen=True)
class Call:
    """One kind of call: its moments in the simulated world, the step that makes it, and the step before.

    ``count`` is how many of its objects a node needs, ``life`` how the world calls the object or what was done,
    ``run`` in which run of its step the call comes.
    """

    kind: str
    step: str
    before: str | None
    make: str
    undo: str
    get: str
    list: str
    count: int
    life: str
    of: Literal["node", "cluster"] = "node"
    way: Way = "ledger"
    service: Literal["ibm", "prism"] = "ibm"
    run: int = 1


def _ibm(kind: str, step: str, before: str | None, service: str, path: str, count: int, life: str) -> Call:
    listed = path.replace("*/reserved_ips", "{subnet_id}/reserved_ips")
    return Call(
        kind, step, before, f"{service} POST {path}", f"{service} DELETE {path}/*",
        f"{service} GET {path}/*", f"{service} GET {listed}", count, life,
    )  # fmt: skip


def _change(kind: str, step: str, before: str, path: str, look: str, way: Way, run: int = 1) -> Call:
    """A call to Prism that changes something; ``look`` is what shows it."""
    post, seen = f"prism POST */{path}", f"prism GET */{look}"
    undo = "prism DELETE */v2.0/hosts/*" if kind == "nutanix_host" else ""
    life = {"nutanix_cluster": "create", "nutanix_host": "expand"}.get(kind, kind)
    return Call(kind, step, before, post, undo, seen, seen, 1, life, "cluster", way, "prism", run)


def _look(kind: str, step: str, before: str, path: str, of: Literal["node", "cluster"]) -> Call:
    seen = f"prism GET */{path}"
    return Call(kind, step, before, seen, "", seen, seen, 0, kind, of, "read", "prism")


CALLS: Mapping[str, Call] = {
    call.kind: call
    for call in (
        _ibm("reserved_ip", "reserving_ips", None, "vpc", "/subnets/*/reserved_ips", 5, "reserved_ip"),
        _ibm("dns_record", "registering_dns", "reserving_ips", "dns", "*/resource_records", 5, "record"),
        _ibm("vni", "creating_vnis", "registering_dns", "vpc", "/virtual_network_interfaces", 2, "vni"),
        _ibm("server", "creating_server", "recording_config", "vpc", "/bare_metal_servers", 1, "server"),
        _look("cvm_answer", "awaiting_cvm", "installing", "v1/cluster", "node"),
        _change("nutanix_cluster", "creating_cluster", "deploying", "v2.0/clusters", "v2.0/cluster", "ledger"),
        _look("cluster_status", "awaiting_up", "creating_cluster", "v2.0/cluster", "cluster"),
        _change(
            "password", "changing_passwords", "awaiting_up",
            "v1/utils/change_default_system_password", "v1/cluster", "plain",
        ),
        _change(
            "nutanix_host", "joining_nodes", "changing_passwords", "v2.0/cluster/expand", "v2.0/hosts", "ledger"
        ),
        _change(
            "name_servers", "configuring", "removing_nodes",
            "v1/cluster/name_servers/add_list", "v2.0/cluster", "plain",
        ),
        _change(
            "ntp_servers", "configuring", "removing_nodes",
            "v1/cluster/ntp_servers/add_list", "v2.0/cluster", "plain", run=2,
        ),
        _look("host_list", "verifying_health", "configuring", "v2.0/hosts", "cluster"),
    )
}  # fmt: skip
"""What the product asks of Prism beside these is one of the same requests: a host is looked at when it is to leave,
and a cluster is renamed only when somebody else gave it another name."""
