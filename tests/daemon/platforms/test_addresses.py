"""Addresses are given in the order of the spec, and nothing else decides."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from daemon.platforms.ibm_nutanix.addresses import assign
from daemon.platforms.ibm_nutanix.names import CLUSTER_ROLE, NODE_ROLES

MANAGEMENT, AHV = NODE_ROLES[0], NODE_ROLES[1]
POOLS = {
    role: [f"10.0.{place}.{host}" for host in range(10, 30)]
    for place, role in enumerate((*NODE_ROLES, CLUSTER_ROLE))
}
NODES = ("node01", "node02", "node03")


def test_each_role_counts_up_in_the_order_of_the_spec_and_the_first_node_has_the_clusters() -> None:
    found = assign(NODES, POOLS, {}, lambda one: False)
    assert [found[node, "mgmt"] for node in NODES] == ["10.0.0.10", "10.0.0.11", "10.0.0.12"]
    assert [found[node, "workload"] for node in NODES] == ["10.0.3.10", "10.0.3.11", "10.0.3.12"]
    assert found["node01", "cluster"] == "10.0.4.10"
    assert len(found) == 13


def test_who_has_an_address_keeps_it_wherever_the_node_stands() -> None:
    before = assign(NODES, POOLS, {}, lambda one: False)
    grown = assign(("node01", "node00", *NODES[1:]), POOLS, before, lambda one: False)
    assert {slot: grown[slot] for slot in before} == before
    assert grown["node00", "mgmt"] == "10.0.0.13"


def test_an_address_that_is_taken_is_passed_over_and_a_full_pool_leaves_the_rest_without() -> None:
    found = assign(NODES, POOLS, {}, {"10.0.0.10", "10.0.0.12"}.__contains__)
    assert [found[node, "mgmt"] for node in NODES] == ["10.0.0.11", "10.0.0.13", "10.0.0.14"]
    few = {MANAGEMENT: ["a", "b"], AHV: ["c", "d", "e"]}
    assert assign(NODES, few, {}, lambda one: False) == {
        ("node01", "mgmt"): "a", ("node02", "mgmt"): "b",
        ("node01", "ahv"): "c", ("node02", "ahv"): "d", ("node03", "ahv"): "e",
    }  # fmt: skip


@given(st.sets(st.integers(10, 29), max_size=17), st.integers(0, 2))
def test_one_address_that_is_taken_later_moves_one_node_alone(taken: set[int], who: int) -> None:
    hosts = {f"10.0.0.{host}" for host in taken}
    first = assign(NODES, POOLS, {}, hosts.__contains__)
    lost = first.get((NODES[who], "mgmt"))
    kept = {slot: one for slot, one in first.items() if one != lost}
    second = assign(NODES, POOLS, kept, {*hosts, lost}.__contains__)
    assert {slot: second[slot] for slot in kept} == kept
    assert len(set(second.values())) == len(second)
    assert second.get((NODES[who], "mgmt")) != lost or lost is None
