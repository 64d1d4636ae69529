"""What is told about a node that its spec names no more is about that node, and never about its whole cluster."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from daemon.engine.legality import Situation
from daemon.engine.remedies import plain, remedies, without_problem
from daemon.errors.tree import NxdError
from state_machines.check import standings
from state_machines.record import Record
from tests.daemon.engine.test_remedies import KINDS, PAIRS, Ibm


@pytest.mark.parametrize("facts", [{}, {"member": True}], ids=["no member", "member"])
def test_a_node_that_leaves_is_never_a_reason_to_delete_its_whole_cluster(facts: dict[str, Any]) -> None:
    node, kind = PAIRS[1]
    problems = [None, *(plain(NxdError(one).problem()) for one in KINDS)]
    for (state, step), (whole, at) in itertools.product(standings(node), standings(kind)):
        cluster = Record("demo", kind.name, "demo", whole, 0.0, step=at, spec={"nodes": ["node02", "node03"]})
        record = Record("node01", node.name, "demo", state, 0.0, step=step, facts=facts)
        here = Situation(record, cluster, node, [], [], Ibm(), lambda: True)
        there = Situation(cluster, cluster, kind, [], [], Ibm(), lambda: True)
        for problem in problems:
            found = remedies(problem, here, there) if problem else without_problem(here, there)
            verbs = [(one.verb, one.target) for one in found if one.verb]
            assert not {("rollback", "demo"), ("destroy", "demo")} & set(verbs), (state, whole, problem)
            if state == "rolled_back":
                assert [one.text for one in found] == [
                    "Nothing is to be done: it leaves demo, and nothing of it is left."
                ]
            elif state == "failed" and problem and whole in (*kind.steps, "failed", "held"):
                assert found, (state, step, whole, problem)
