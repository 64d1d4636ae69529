"""Why a verb that is legal for a node or a cluster by itself is not, as the other one stands."""

from __future__ import annotations

from daemon.platforms.ibm_nutanix.planned import named
from state_machines.ibm_nutanix import CLUSTER
from state_machines.lifecycle import RELEASED
from state_machines.record import Record

WAITS_FOR_NODES = ("deploying", "joining_nodes")
"""Steps of a cluster in which it waits for nodes to be ready."""
_OPEN = ("pending", "preflight", *WAITS_FOR_NODES, "rolled_back")
"""Where a cluster waits for nodes, so that one may still come and go by itself."""
_INSTEAD = {"rollback": ("destroy",), "hold": (), "replace": ("retry", "resume")}
"""Verb that a node refuses → the verbs of its cluster that lead on, beside the same one."""


def veto(verb: str, record: Record, cluster: Record) -> str | None:
    """The reason, in a sentence; None when there is none."""
    return _of_cluster(verb, record) if record.name == cluster.name else _of_node(verb, record, cluster)


def _of_cluster(verb: str, cluster: Record) -> str | None:
    if verb == "rollback" and cluster.facts.get("formed"):
        return "It was active: destroy it, or apply the spec that it had before."
    return None


def _of_node(verb: str, record: Record, cluster: Record) -> str | None:
    if verb == "retry" and record.state == "rollback_blocked":
        return None
    if cluster.state in RELEASED and verb != "rollback":
        return f"Its cluster {cluster.name} is rolled back: retry the cluster instead."
    if verb == "rollback" and record.facts.get("member"):
        return f"It is a host of {cluster.name}: replace it, or apply a spec without it."
    if record.name not in named(cluster):
        return f"It leaves {cluster.name}: apply a spec that names it once it is gone."
    where = cluster.step if cluster.state in ("failed", "held") else cluster.state
    if (
        where in _OPEN
        or (verb == "replace" and _lacks_hosts(cluster))
        or record.state not in ("ready", "active")
    ):
        return None
    if verb == "replace" and where == "active":
        if len(cluster.spec["nodes"]) > 1:
            return None
        return f"It is all that {cluster.name} stands on: destroy the cluster, and apply its spec again."
    if verb in ("rollback", "hold", "replace"):
        return f"It belongs to {cluster.name}, which is formed already: {_instead(verb, cluster)}."
    return None


def _lacks_hosts(cluster: Record) -> bool:
    """Whether a cluster of several has failed at its health, which a host may be the cause of; a retry joins nodes
    first."""
    ill = cluster.state == "failed" and cluster.step == "verifying_health"
    return ill and len(cluster.spec["nodes"]) > 1


def _instead(verb: str, cluster: Record) -> str:
    """What can be done now about the cluster, where it cannot be done to one node."""
    for other in (verb, *_INSTEAD[verb]):
        legal = CLUSTER.allows(cluster.state, cluster.step, other) and other in CLUSTER.verbs
        if legal and _of_cluster(other, cluster) is None:
            return f"{other} the cluster {'instead' if other == verb or verb != 'replace' else 'first'}"
    return f"wait until {cluster.name} is active"
