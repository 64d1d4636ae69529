"""Which nodes the spec of a cluster names, and whether a node leaves because it names it no more."""

from __future__ import annotations

from collections.abc import Sequence

from state_machines.record import Record

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


def leaves(record: Record, cluster: Record) -> bool:
    """Whether a node is one that the spec in force names no more: its cluster lets it go, and forgets it."""
    return record.name != cluster.name and "nodes" in cluster.spec and record.name not in named(cluster)
