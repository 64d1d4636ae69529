"""The rules of the platform that need nobody to be asked: the ladder, the vetoes, the copies, and who gets in."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.platforms.ibm_nutanix.ladder import LADDER as IBM
from daemon.platforms.ibm_nutanix.planned import forms
from daemon.platforms.ibm_nutanix.preflight import _redundancy
from daemon.platforms.ibm_nutanix.vetoes import veto
from daemon.platforms.ibm_nutanix.ways import of_ill, of_refused
from state_machines.ibm_nutanix import CLUSTER
from state_machines.outcome import Problem
from state_machines.record import Record

LADDER = ("restart", "reinitialise", "replace")


def record(name: str = "node01", state: str = "installing", **more: Any) -> Record:
    return Record(name, "ibm_nutanix.node", "demo", state, 1.0, **more)


def cluster(state: str = "active", *nodes: str, **more: Any) -> Record:
    return record("demo", state, spec={"nodes": list(nodes)}, **more)


@pytest.mark.parametrize("climb_to", ["none", *LADDER])
@pytest.mark.parametrize("tried", [None, *LADDER])
def test_the_ladder_is_climbed_rung_by_rung_as_far_as_the_spec_lets_it(
    climb_to: str, tried: str | None
) -> None:
    problem = Problem("install_failed", "x", "y")
    rung = IBM.following(record(facts={"asked": tried} if tried else {}), climb_to, problem)
    allowed = LADDER[: LADDER.index(climb_to) + 1] if climb_to in LADDER else ()
    left = allowed[LADDER.index(tried) + 1 :] if tried else allowed
    assert (rung.means if rung else None) == (left[0] if left else None)


@pytest.mark.parametrize(
    ("state", "code"),
    [("creating_server", "install_failed"), ("installing", "quota"), ("active", "deadline")],
)
def test_what_another_try_does_not_cure_is_left_to_a_person(state: str, code: str) -> None:
    assert IBM.following(record(state=state), "replace", Problem(code, "x", "y")) is None


def test_a_host_of_a_cluster_is_not_rolled_back_by_itself() -> None:
    situation = cluster("active", "node01", "node02")
    member = record(state="active", facts={"member": True})
    assert "It is a host of demo" in str(veto("rollback", member, situation))
    waiting = cluster("deploying", "node01", "node02")
    assert veto("rollback", record(state="ready"), waiting) is None


def test_nobody_takes_away_what_a_cluster_stands_on() -> None:
    alone, member = cluster("active", "node01"), record(state="active", facts={"member": True})
    assert "destroy the cluster" in str(veto("replace", member, alone))
    assert veto("replace", member, cluster("active", "node01", "node02")) is None
    formed = cluster("active", "node01", facts={"formed": True})
    assert "It was active" in str(veto("rollback", formed, formed))
    assert "is rolled back" in str(veto("retry", record(state="failed"), cluster("rolling_back", "node01")))
    assert "It leaves demo" in str(veto("retry", record(state="failed"), cluster("active", "node02")))


def test_a_host_is_replaced_where_its_cluster_failed_at_its_health() -> None:
    member = record(state="active", facts={"member": True})
    failed = cluster("failed", "node01", "node02", step="verifying_health")
    assert veto("replace", member, failed) is None
    alone = cluster("failed", "node01", step="verifying_health")
    assert veto("replace", member, alone) is not None


@pytest.mark.parametrize(
    ("code", "replaced"), [("bad_request", True), ("in_doubt", False), ("deadline", False)]
)
def test_a_node_is_replaced_where_the_cluster_was_refused_and_not_where_it_may_have_been_made(
    code: str, replaced: bool
) -> None:
    refused = cluster("failed", "node01", "node02", step="creating_cluster", error={"code": code})
    assert (veto("replace", record(state="ready"), refused) is None) == replaced
    assert CLUSTER.next("failed", "creating_cluster", "retry") == "deploying", "which waits for the new one"


def test_of_the_nodes_those_are_to_be_replaced_whose_addresses_a_refusal_names() -> None:
    at = {"node01": "10.0.0.5", "node02": "10.0.0.55", "node03": "10.0.0.7"}
    found = of_refused("nodes have the same serial 5EA1: 10.0.0.55, 10.0.0.7.", at)
    assert [(one.verb, one.target) for one in found] == [("replace", "node02"), ("replace", "node03")]
    assert found[0].text.startswith("One of node02, node03 has to go")
    assert found[1].text == "Or instead: nxd replace node03."
    assert of_refused("the node 10.0.0.7 is too small", at) == of_ill(["node03"])
    assert of_refused("not enough boot ssds are present", at) == of_refused(None, at) == ()


@pytest.mark.parametrize("verb", ["rollback", "hold", "replace"])
@pytest.mark.parametrize("formed", [True, False])
def test_where_a_node_refuses_a_verb_the_one_that_is_named_is_legal_for_its_cluster(
    verb: str, formed: bool
) -> None:
    seen = set[str]()
    places = [(step, step) for step in CLUSTER.steps]
    places += [(stopped, step) for stopped in ("failed", "held") for step in CLUSTER.steps]
    for state, step in places:
        situation = cluster(state, "node01", "node02", step=step, facts={"formed": formed})
        said = veto(verb, record(state="ready"), situation)
        if said is None or not said.startswith("It belongs to demo, "):
            continue
        tried = (state, step) in (("failed", "creating_cluster"), ("held", "creating_cluster"))
        stands = "whose creation was tried" if tried else "which is being formed"
        assert ("which is formed already" if formed else stands) in said, said
        way = said.partition(": ")[2]
        if way:
            other = way.split()[0]
            seen.add(other)
            assert CLUSTER.allows(state, step, other) and other in CLUSTER.verbs, said
            assert veto(other, situation, situation) is None, said
        else:
            assert f"({CLUSTER.states[state].title})" in said, said
    assert seen and not seen & {"replace", "rollback", "destroy"}, seen


@pytest.mark.parametrize(
    ("factor", "nodes", "gate", "result"),
    [
        (1, 1, "all", "passed"),
        (2, 2, "all", "failed"),
        (2, 3, "all", "passed"),
        (2, 4, 2, "failed"),
        (2, 4, 3, "passed"),
        (3, 4, "all", "failed"),
        (3, 5, "all", "passed"),
    ],
)
def test_copies_that_the_nodes_do_not_carry_are_told_before_anything_is_made(
    factor: int, nodes: int, gate: object, result: str
) -> None:
    spec = {"nutanix": {"redundancy_factor": factor}, "nodes": ["x"] * nodes, "gate": gate}
    assert _redundancy(spec).result == result


NODES = ["node01", "node02", "node03"]


@pytest.mark.parametrize(
    ("gate", "idle"),
    [("all", {"joining_nodes", "removing_nodes"}), (3, {"joining_nodes", "removing_nodes"}), (2, {"removing_nodes"})],
)  # fmt: skip
def test_a_new_cluster_takes_no_time_for_what_it_does_not_do(gate: Any, idle: set[str]) -> None:
    assert set(CLUSTER.steps) - set(forms({"gate": gate, "nodes": NODES})) == idle
