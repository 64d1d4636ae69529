"""What a node's configuration tells of its cluster's other nodes, and what it costs to know."""

from __future__ import annotations

import pytest

from daemon.memory.mirror import Mirror
from daemon.platforms.ibm_nutanix.neighbours import Neighbourhoods
from daemon.store.ops import Contents, DropRecord, PutRecord, PutResource, Resource
from state_machines.record import Record


def _node(name: str, cluster: str = "c") -> Record:
    return Record(name, "ibm_nutanix.node", cluster, "installing", 0.0)


def _ip(owner: str, role: str, address: str, cluster: str = "c") -> Resource:
    data = {"role": role, "address": address}
    return Resource(owner, cluster, "reserved_ip", f"{owner}-{role}", "present", data=data)


@pytest.fixture
def mirror() -> Mirror:
    cluster = Record("c", "ibm_nutanix.cluster", "c", "deploying", 0.0)
    rows = [_ip("b", "cvm", "10.0.0.2"), _ip("a", "cvm", "10.0.0.1"), _ip("a", "cluster", "10.0.0.9")]
    return Mirror(Contents("daemon-1", 0, [cluster, _node("b"), _node("a")], rows, [], [], {}, {}))


def test_the_cvms_stand_in_the_order_of_the_nodes_beside_the_address_of_the_cluster(mirror: Mirror) -> None:
    found = Neighbourhoods().of(mirror, "c")
    assert (found.cvms, found.external) == (("10.0.0.1", "10.0.0.2"), "10.0.0.9")


def test_who_asks_again_is_answered_without_a_look_through_the_cluster(mirror: Mirror) -> None:
    known = Neighbourhoods()
    assert known.of(mirror, "c") is known.of(mirror, "c")
    mirror.apply([PutResource(_ip("x", "cvm", "10.0.1.1", "other")), PutRecord(_node("x", "other"))])
    assert known.of(mirror, "c") is known.of(mirror, "c")


def test_a_node_that_comes_or_leaves_and_an_address_that_changes_are_seen_at_once(mirror: Mirror) -> None:
    known = Neighbourhoods()
    known.of(mirror, "c")
    mirror.apply([PutRecord(_node("d")), PutResource(_ip("d", "cvm", "10.0.0.4"))])
    assert known.of(mirror, "c").cvms == ("10.0.0.1", "10.0.0.2", "10.0.0.4")
    mirror.apply([PutResource(_ip("d", "cvm", "10.0.0.5"))])
    assert known.of(mirror, "c").cvms == ("10.0.0.1", "10.0.0.2", "10.0.0.5")
    mirror.apply([DropRecord("a")])
    assert known.of(mirror, "c").cvms == ("10.0.0.2", "10.0.0.5")
