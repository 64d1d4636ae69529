"""Which steps of a Nutanix cluster wait for nodes, and which verbs are refused to its hosts."""

from __future__ import annotations

from daemon.life.vetoes import Vetoes
from state_machines.ibm_nutanix import CLUSTER, NODE

WAITS_FOR_NODES = ("deploying", "joining_nodes")
"""Steps of a cluster in which it waits for nodes to be ready."""

veto = Vetoes(
    NODE,
    CLUSTER,
    WAITS_FOR_NODES,
    before=("preflight",),
    judges=("verifying_health",),
    refusers=("creating_cluster",),
    member="host",
)
"""Health fails because of a host, and a retry joins nodes first; Prism refuses to form a cluster because of a node, and
a retry waits for all of them first: there one may be replaced."""
