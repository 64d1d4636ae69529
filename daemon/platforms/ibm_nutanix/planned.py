"""What a spec asks for, before and after it stands: records, objects, and what may change later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from daemon.platforms.base import Planned, Seed
from daemon.platforms.ibm_nutanix.names import CLUSTER_ROLE, NODE_ROLES, Names, host_name
from daemon.steps import StepContext
from daemon.store.ops import Resource
from state_machines import ibm_nutanix as tables
from state_machines.record import Record

HOST = "nutanix_host"
"""The kind of ledger row that stands for a node's being a host of its cluster; the cluster owns it."""

CHANGEABLE = (
    "on_failure",
    "climb_to",
    "gate",
    "deadlines",
    "ibm.management.ranges.management",
    "ibm.management.ranges.ahv",
    "ibm.management.ranges.cvm",
    "ibm.management.ranges.cluster",
    "ibm.workload.range",
    "nutanix.dns_servers",
    "nutanix.ntp_servers",
)
"""The settings of a standing cluster that another spec may change."""


def seeds(spec: Mapping[str, Any]) -> list[Seed]:
    """The cluster's record, which knows the names of its nodes, and then theirs."""
    cluster = {**spec, "nodes": [node["name"] for node in spec["nodes"]]}
    found = [Seed(spec["cluster"], tables.CLUSTER, cluster)]
    for index, node in enumerate(spec["nodes"]):
        about = {"position": node["position"], "first": index == 0}
        found.append(Seed(node["name"], tables.NODE, about))
    return found


_SPECS = 1024
"""So many specs are remembered with the set of their nodes; another one begins anew."""
_named: dict[int, tuple[Sequence[str], frozenset[str]]] = {}


def named(cluster: Record) -> frozenset[str]:
    """The nodes that the cluster's spec names. A spec is replaced and never changed: its set is made once."""
    nodes = cluster.spec["nodes"]
    kept = _named.get(id(nodes))
    if kept is None or kept[0] is not nodes:
        if len(_named) >= _SPECS:
            _named.clear()
        kept = _named[id(nodes)] = nodes, frozenset(nodes)
    return kept[1]


def objects(names: Names, spec: Mapping[str, Any]) -> list[Planned]:
    """Every object that deploying the spec makes, in the order in which it is made."""
    found: list[Planned] = []
    domain, cluster = spec["ibm"]["dns"]["name"], spec["cluster"]
    for index, node in enumerate(spec["nodes"]):
        name = node["name"]
        roles = (*NODE_ROLES, CLUSTER_ROLE) if index == 0 else NODE_ROLES
        found += [Planned(name, "reserved_ip", names.address(name, role)) for role in roles]
        found += [Planned(name, "dns_record", host_name(name, cluster, role, domain)) for role in roles]
        found += [
            Planned(name, "vni", names.interface(name, network)) for network in ("management", "workload")
        ]
        found.append(Planned(name, "server", names.server(name, 1)))
    found.append(Planned(cluster, "nutanix_cluster", cluster))
    found += [Planned(cluster, HOST, node["name"], node["name"]) for node in spec["nodes"]]
    return found


def passes(grows: bool, shrinks: bool) -> list[str]:
    """The cluster's steps that have something to do when a standing one takes another spec over."""
    found = ["preflight", "deploying", "joining_nodes"] if grows else []
    return [*found, *(["removing_nodes"] if shrinks else []), "configuring", "verifying_health"]


def host_row(ctx: StepContext, node: str) -> Resource | None:
    """The ledger row of a node's place in its cluster; None while it has none, or no longer."""
    row = ctx.resource(HOST, node, owner=ctx.cluster.name)
    return None if row is None or row.state == "gone" else row


def ties(node: str, rows: Sequence[Resource]) -> list[Resource]:
    """Of a cluster's ledger rows, those that make the node its host."""
    return [row for row in rows if row.kind == HOST and row.name == node and row.state != "gone"]


def replacement(
    names: Names, record: Record, rows: Sequence[Resource]
) -> tuple[list[Resource], list[Planned]]:
    """The server that goes and the one that comes, and the node's place in its cluster with them."""
    hosts = [row for row in rows if row.kind == HOST]
    servers = [row for row in rows if row.kind == "server" and row.state != "gone"]
    generation = int(record.facts.get("server", 1)) + bool(servers)
    new = [Planned(record.name, "server", names.server(record.name, generation))]
    new += [Planned(row.owner, HOST, row.name) for row in hosts]
    return [*hosts, *servers], new
