"""What a spec asks for, before and after it stands: records, objects, and what may change later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from daemon.engine.context import StepContext
from daemon.life.replacing import Replacing
from daemon.platforms.base import Foresight, Planned, Seed
from daemon.platforms.ibm_nutanix.names import CLUSTER_ROLE, NODE_ROLES, Names, Role, host_name
from daemon.platforms.ibm_nutanix.objects import HOST
from daemon.store.ops import Resource
from state_machines import ibm_nutanix as tables

FACT = "addresses"
"""What a node remembers from its beginning: role → the address it was given before it reserves it."""


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


def objects(names: Names, spec: Mapping[str, Any]) -> list[Planned]:
    """Every object that deploying the spec makes, in the order in which it is made."""
    found: list[Planned] = []
    cluster = spec["cluster"]
    for index, node in enumerate(spec["nodes"]):
        found += _of_node(names, spec, node, first=index == 0)
    found.append(Planned(cluster, "nutanix_cluster", cluster, about=_cluster_about(spec)))
    found += [
        Planned(cluster, HOST, node["name"], node["name"], {"position": node["position"]})
        for node in spec["nodes"]
    ]
    return found


def _of_node(names: Names, spec: Mapping[str, Any], node: Mapping[str, Any], first: bool) -> list[Planned]:
    ibm, name, cluster = spec["ibm"], node["name"], spec["cluster"]
    roles = (*NODE_ROLES, CLUSTER_ROLE) if first else NODE_ROLES
    dns = {"zone": ibm["dns"]["zone"], "ttl": ibm["dns"]["ttl"]}
    found = [
        Planned(name, "reserved_ip", names.address(name, role), about=_range(ibm, role)) for role in roles
    ]
    found += [
        Planned(name, "dns_record", host_name(name, cluster, role, ibm["dns"]["name"]), about=dns)
        for role in roles
    ]
    for network in ("management", "workload"):
        about = {"subnet": ibm[network]["subnet"], "security_groups": ibm[network]["security_groups"]}
        found.append(Planned(name, "vni", names.interface(name, network), about=about))
    about = {key: ibm[key] for key in ("profile", "zone", "image", "vpc", "resource_group", "ssh_keys")}
    about |= {
        "position": node["position"],
        **spec["nutanix"]["storage"],
        "at_least": spec["nutanix"].get("hardware"),
    }
    found.append(Planned(name, "server", names.server(name, 1), about=_given(about)))
    return found


def _range(ibm: Mapping[str, Any], role: Role) -> dict[str, Any]:
    low, high = offsets_of(ibm, role)
    return {"subnet": ibm[role.network]["subnet"], "range": f"+{low} to +{high}"}


def offsets_of(ibm: Mapping[str, Any], role: Role) -> tuple[int, int]:
    """The first and the last offset of the addresses of a role."""
    network = ibm[role.network]
    low, high = network["ranges"][role.range] if role.network == "management" else network["range"]
    return low, high


def _cluster_about(spec: Mapping[str, Any]) -> dict[str, Any]:
    nutanix = {key: value for key, value in spec["nutanix"].items() if key not in ("storage", "hardware")}
    return _given({**nutanix, **{key: spec[key] for key in ("on_failure", "climb_to", "gate", "deadlines")}})


def _given(about: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in about.items() if value not in (None, [], {})}


def foresight(names: Names, spec: Mapping[str, Any], given: Mapping[str, Mapping[str, str]]) -> Foresight:
    """What it means for a plan that each node would be given these addresses, by role."""
    domain, cluster = spec["ibm"]["dns"]["name"], spec["cluster"]
    about: dict[tuple[str, str], dict[str, Any]] = {}
    for role in (*NODE_ROLES, CLUSTER_ROLE):
        for node, addresses in given.items():
            if role.component in addresses:
                address = {"address": addresses[role.component]}
                about["reserved_ip", names.address(node, role)] = address
                about["dns_record", host_name(node, cluster, role, domain)] = address
    return Foresight(about, {node: {FACT: dict(addresses)} for node, addresses in given.items()})


def claims(spec: Mapping[str, Any]) -> dict[str, str]:
    """The host names of a cluster and its nodes in their zone, each with what has it."""
    dns, cluster = spec["ibm"]["dns"], spec["cluster"]
    found = {f"{cluster}.{dns['name']}": f"the cluster {cluster}"}
    for node in spec["nodes"]:
        for role in NODE_ROLES:
            found[host_name(node, cluster, role, dns["name"])] = f"the node {node} of {cluster}"
    return {f"{name} (zone {dns['zone']})": what for name, what in found.items()}


def ruled_out(spec: Mapping[str, Any], region: str) -> dict[str, str]:
    """What no daemon of this region can make: the name of a zone begins with that of its region."""
    zone = spec["ibm"]["zone"]
    if zone.startswith(f"{region}-"):
        return {}
    return {"ibm.zone": f"The zone {zone} is not in {region}, the region of this daemon (ibm.region)."}


def forms(spec: Mapping[str, Any]) -> list[str]:
    """The cluster's steps that have something to do when a new one is made: nobody leaves it, and nobody joins later
    where every node is waited for."""
    idle = {"removing_nodes"}
    if spec["gate"] == "all" or spec["gate"] >= len(spec["nodes"]):
        idle.add("joining_nodes")
    return [step for step in tables.CLUSTER.steps if step not in idle]


def passes(grows: bool, shrinks: bool) -> list[str]:
    """The cluster's steps that have something to do when a standing one takes another spec over."""
    found = ["preflight", "deploying", "joining_nodes"] if grows else []
    return [*found, *(["removing_nodes"] if shrinks else []), "configuring", "verifying_health"]


def host_row(ctx: StepContext, node: str) -> Resource | None:
    """The ledger row of a node's place in its cluster; None while it has none, or no longer."""
    row = ctx.resource(HOST, node, owner=ctx.cluster.name)
    return None if row is None or row.state == "gone" else row


def replacing(names: Names) -> Replacing:
    """A node gets another server, and its place in its cluster with it."""
    return Replacing("server", names.server, HOST)
