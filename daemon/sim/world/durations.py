"""How long everything in the simulated world takes, in virtual seconds, as one table.

The figures follow the documented and observed times of the real services; where several were seen, a
typical one stands here. ``critical_path`` adds up what one deployment cannot avoid waiting for.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

DURATIONS: Mapping[str, float] = MappingProxyType(
    {
        # requests that are answered after the work is done
        "vpc.read": 0.12,
        "vpc.write": 0.4,
        "reserved_ip.create": 0.5,
        "vni.create": 1.8,
        "server.create": 2.5,
        "dns.read": 0.15,
        "dns.write": 0.8,
        "metadata.token": 0.05,
        "prism.read": 0.3,
        "prism.write": 1.5,
        "prism.password": 10.0,
        "foundation.request": 0.3,
        # what goes on after the answer
        "reserved_ip.provision": 0.3,
        "reserved_ip.delete": 1.0,
        "vni.provision": 1.0,
        "vni.delete": 20.0,
        "server.pending": 300.0,
        "server.starting": 120.0,
        "server.stopping": 60.0,
        "server.restarting": 60.0,
        "server.reinitializing": 300.0,
        "server.delete": 120.0,
        # the machine
        "machine.self_test": 90.0,
        "machine.dhcp": 3.0,
        "machine.images": 60.0,
        "machine.first_boot": 510.0,
        "machine.next_boot": 300.0,
        "machine.revive": 60.0,
        # the installer, phase by phase: 25 minutes
        "phase.1": 20.0,
        "phase.2": 10.0,
        "phase.3": 60.0,
        "phase.4": 420.0,
        "phase.5": 360.0,
        "phase.6": 540.0,
        "phase.7": 80.0,
        "phase.8": 10.0,
        # the cluster
        "cluster.create": 480.0,
        "cluster.services": 240.0,
        "cluster.expand": 600.0,
        "cluster.remove": 900.0,
        "cluster.detach": 60.0,
        "cluster.password_sync": 30.0,
        "cluster.ncc": 120.0,
        "cluster.degraded": 120.0,
        "cluster.discover": 3.0,
        "cluster.prepare": 26.0,
        "cluster.stop": 60.0,
        "cluster.destroy": 120.0,
        "genesis.restart": 180.0,
        "ssh.login": 0.5,
    }
)

JITTER = 0.02
"""Each duration is drawn from the table's figure times 1 ± this."""

_ONE_DEPLOYMENT: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("reserved addresses", ("reserved_ip.create",)),
    ("DNS records", ("dns.write",)),
    ("network interfaces", ("vni.create", "vni.provision")),
    ("server", ("server.create", "server.pending", "server.starting")),
    ("boot", ("machine.self_test", "machine.dhcp", "machine.images")),
    ("installer", tuple(name for name in DURATIONS if name.startswith("phase."))),
    ("first boot", ("machine.self_test", "machine.dhcp", "machine.first_boot")),
    ("cluster", ("prism.write", "cluster.create")),
    ("password", ("prism.password",)),
    ("settings", ("prism.write", "prism.write", "prism.write")),
    ("health", ("prism.read",)),
)


def critical_path(nodes: int) -> dict[str, object]:
    """The outside time that a deployment of ``nodes`` nodes cannot avoid, in virtual seconds, part by part.

    Nodes are made side by side and so are the objects of one node, hence their number does not matter: the
    simulated services have no rate limit.
    """
    parts = [
        {"part": part, "seconds": round(sum(DURATIONS[name] for name in names), 3)}
        for part, names in _ONE_DEPLOYMENT
    ]
    total = sum(DURATIONS[name] for _, names in _ONE_DEPLOYMENT for name in names)
    return {"nodes": nodes, "seconds": round(total, 3), "parts": parts}
