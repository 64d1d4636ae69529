"""What a person is led to stands in proportion: a remedy that was followed is not told again, and no ready node goes
for a trouble that is not its own."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from daemon.engine import transitions
from daemon.engine.legality import Situation, why_not
from daemon.engine.remedies import plain, remedies, ways_on, without_problem
from daemon.errors.tree import NxdError
from daemon.platforms.ibm_nutanix.ways import of_ill
from state_machines.ibm_nutanix import CLUSTER, NODE
from state_machines.outcome import Problem
from state_machines.record import Record
from tests.daemon.engine.test_remedies import Ibm

ILL = of_ill(["node02", "node03"])
SPEC = {"nodes": ["node01", "node02", "node03"]}


def offered(
    problem: Problem, step: str, times: int, replaced: tuple[str, ...]
) -> list[tuple[str | None, str | None]]:
    """The verbs that are told of a cluster that failed, after these nodes were replaced."""
    works = Record("demo", CLUSTER.name, "demo", step, 0.0, step=step, spec=SPEC)
    facts = transitions.stuck(works, problem, lambda _: 1)
    facts = {"stuck": {**facts["stuck"], "times": times}}
    record = replace(works, state="failed", facts=facts, error=plain(problem))
    here = Situation(
        record, record, CLUSTER, [], [], Ibm(), lambda: True,
        attempt_of=lambda name: 2 if name in replaced else 1,
    )  # fmt: skip
    return [(one.verb, one.target) for one in remedies(plain(problem), here, here) if one.kind == "verb"]


def test_a_refusal_that_names_nodes_is_tried_again_once_one_of_them_was_replaced() -> None:
    refused = NxdError("bad_request", remedy=ILL).problem()
    at = "creating_cluster"
    again = ("retry", "demo")
    assert offered(refused, at, 1, ()) == [("replace", "node02"), ("replace", "node03"), again]
    assert offered(refused, at, 1, ("node02",)) == [again]
    assert offered(refused, at, 1, ("node03",)) == [again]


def test_hosts_that_are_ill_are_replaced_each_and_each_once() -> None:
    late = NxdError("deadline", remedy=ILL).problem()
    at, again = "verifying_health", ("retry", "demo")
    assert offered(late, at, 2, ()) == [("replace", "node02"), ("replace", "node03"), again]
    assert offered(late, at, 2, ("node02",)) == [("replace", "node03"), again]
    assert offered(late, at, 2, ("node02", "node03")) == [again]


def test_whoever_wants_a_ready_node_away_is_told_to_try_the_cluster_and_not_to_delete_the_node() -> None:
    refused = plain(NxdError("bad_request").problem())
    at = "creating_cluster"
    failed = Record("demo", CLUSTER.name, "demo", "failed", 0.0, step=at, spec=SPEC, error=refused)
    node = Record("node02", NODE.name, "demo", "ready", 0.0)
    here = Situation(node, failed, NODE, [], [], Ibm(), lambda: True)
    there = Situation(failed, failed, CLUSTER, [], [], Ibm(), lambda: True)
    said = why_not(here, "rollback", {})
    assert said == "It belongs to demo, whose creation was tried: retry the cluster first."
    assert [(one.verb, one.target) for one in ways_on(here, there, "rollback", {})] == [("retry", "demo")]


@pytest.mark.parametrize(
    ("step", "goes_on"),
    [
        ("installing", "its machine goes on installing itself"),
        ("awaiting_boot", "its machine goes on starting"),
        ("registering_dns", None),
    ],
)
def test_a_hold_is_told_with_what_it_does_not_stop(step: str, goes_on: str | None) -> None:
    works = Record("demo", CLUSTER.name, "demo", "deploying", 0.0, step="deploying", spec=SPEC)
    held = Record("node02", NODE.name, "demo", "held", 0.0, step=step)
    here = Situation(held, works, NODE, [], [], Ibm(), lambda: True)
    there = Situation(works, works, CLUSTER, [], [], Ibm(), lambda: True)
    (way,) = without_problem(here, there)
    assert (way.verb, way.target) == ("resume", "node02") and way.text.endswith("nxd resume node02.")
    assert (goes_on or "") in way.text and ("A hold stops nxd alone" in way.text) == (goes_on is not None)


def test_a_retry_from_a_step_that_was_not_reached_is_refused_with_both_by_name() -> None:
    failed = Record("demo", CLUSTER.name, "demo", "failed", 0.0, step="creating_cluster", spec=SPEC)
    here = Situation(failed, failed, CLUSTER, [], [], Ibm(), lambda: True)
    assert why_not(here, "retry", {"step": "joining_nodes"}) == (
        "It is failed at “creating the cluster” and has not reached “joining nodes”; "
        "a retry begins at a step it has reached."
    )
    works = replace(here, record=Record("demo", CLUSTER.name, "demo", "active", 0.0))
    assert "failed or held one" in str(why_not(works, "retry", {"step": "joining_nodes"}))


@pytest.mark.parametrize("verb", ["retry", "resume"])
def test_what_a_verb_of_a_cluster_says_of_its_nodes_is_true_where_none_is_concerned(verb: str) -> None:
    assert "with it any node that" in CLUSTER.verbs[verb].does
