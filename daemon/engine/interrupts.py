"""What stops a step in its middle: a verb that waits to be carried out, and a protection of its cluster."""

from __future__ import annotations

from daemon.engine.legality import is_protected
from daemon.memory.mirror import Mirror
from state_machines.record import Record


class Interrupted(Exception):
    """A person's verb is pending and this is a safe point to carry it out."""


class Protected(Exception):
    """Nothing of a cluster may be deleted now; the text says of which."""


def checkpoint(mirror: Mirror, name: str) -> None:
    """A safe point of a record's step: raises Interrupted when a verb waits to be carried out."""
    if mirror.asked(name):
        raise Interrupted


def keep_protected(mirror: Mirror, cluster: Record) -> None:
    """Nothing is deleted while the cluster is, or is about to be, protected. Raises Protected."""
    if is_protected(cluster, mirror.commands(cluster.name)):
        raise Protected(f"{cluster.name} is protected: nxd unprotect {cluster.name}")
