"""What the configuration of a node tells of its cluster's other nodes."""

from __future__ import annotations

from dataclasses import dataclass

from daemon.memory.mirror import Mirror
from daemon.platforms.ibm_nutanix.reserved import addresses


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The addresses of a cluster's CVMs in the order of its nodes, and the cluster's own if it has one."""

    cvms: tuple[str, ...]
    external: str | None


class Neighbourhoods:
    """The neighbours of each cluster, looked through anew only when its ledger or its nodes have changed: a thousand
    machines of one cluster may ask in the same second."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[tuple[int, int], Neighbours]] = {}

    def of(self, mirror: Mirror, cluster: str) -> Neighbours:
        """As they stand now."""
        stamp = mirror.ledgers[cluster], mirror.transitions[cluster]
        kept = self._kept.get(cluster)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        self._kept = {name: one for name, one in self._kept.items() if name in mirror.records}
        members = [addresses(mirror.resources(member.name)) for member in mirror.members(cluster)]
        external = next((mine["cluster"] for mine in members if "cluster" in mine), None)
        found = Neighbours(tuple(mine["cvm"] for mine in members if "cvm" in mine), external)
        self._kept[cluster] = stamp, found
        return found
