"""A wait that only a person ends says by data what that person can do."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import msgspec
import pytest

import daemon.life
import daemon.platforms
from daemon.engine import legality
from daemon.engine.legality import Situation
from daemon.engine.remedies import without_problem
from daemon.errors.tree import by_code
from daemon.life.members import MOST, ways_of_stopped
from daemon.platforms.ibm_nutanix import ways
from daemon.platforms.ibm_nutanix.errors import ERRORS
from daemon.platforms.ibm_nutanix.vetoes import veto
from daemon.store.ops import Resource
from state_machines.ibm_nutanix import CLUSTER, NODE
from state_machines.outcome import Remedy
from state_machines.record import Record

SPEC = {"nodes": ["node01", "node02", "node03"]}
SERVER = Resource("node01", "demo", "server", "lab-node01-bms", "present", "0717-1", 1)


class Rules:
    """What the platform says, with the settings that may change."""

    errors = by_code(ERRORS)

    def veto(self, verb: str, record: Record, cluster: Record) -> str | None:
        return veto(verb, record, cluster)

    def waits_for_nodes(self, step: str) -> bool:
        return False

    def may_change(self, setting: str) -> bool:
        return setting == "nodes"


def situation(record: Record, cluster: Record) -> Situation:
    kind = CLUSTER if record.name == cluster.name else NODE
    return Situation(record, cluster, kind, [], [], Rules(), lambda: True)


def told(state: str, kept: tuple[Remedy, ...], protected: bool = False, of: str = "demo") -> list[Remedy]:
    """What is told of a cluster at a step, or of a node of it, that waits like this."""
    wait = {"for": "x", "evidence": "y", "attention": True, "remedies": msgspec.to_builtins(list(kept))}
    cluster = Record(
        "demo", CLUSTER.name, "demo", state, 0.0, step=state, protected=protected, spec=SPEC, wait=wait
    )
    node = Record(of, NODE.name, "demo", "awaiting_boot", 0.0, step="awaiting_boot", wait=wait)
    return without_problem(situation(cluster if of == "demo" else node, cluster), situation(cluster, cluster))


def waits(path: Path) -> list[tuple[int, set[str]]]:
    """Each call that makes a wait for a person: its line, and what it names."""
    return [
        (node.lineno, named)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and "attention" in (named := {str(keyword.arg) for keyword in node.keywords})
    ]


def test_every_wait_for_a_person_in_the_platforms_names_its_remedies() -> None:
    found = {
        f"{path.name}:{line}": named
        for room in (daemon.platforms, daemon.life)
        for path in Path(room.__file__ or "").parent.rglob("*.py")
        for line, named in waits(path)
    }
    assert len(found) >= 8
    assert [where for where, named in found.items() if "remedies" not in named] == []


@pytest.mark.parametrize("protected", [False, True])
def test_a_host_that_prism_keeps_is_told_with_what_makes_it_leave(protected: bool) -> None:
    (mend,) = told("deploying", ways.of_kept("node02", ["node03"]), protected)
    assert mend.kind == "outside" and "node03" in mend.text and "node02 leaves" in mend.text
    few = told("deploying", ways.of_kept("node02", []), protected)
    assert [(one.kind, one.setting) for one in few] == [("outside", None), ("spec", "nodes")]


@pytest.mark.parametrize(
    ("state", "verb"),
    [("failed", "retry"), ("held", "resume"), ("rolled_back", "retry"), ("rollback_blocked", "retry")],
)
def test_a_gate_that_cannot_open_names_the_verb_of_each_node_that_stopped(state: str, verb: str) -> None:
    stopped = [Record(f"node0{n}", NODE.name, "demo", state, 0.0, step="creating_server") for n in (1, 2)]
    cluster = Record("demo", CLUSTER.name, "demo", "deploying", 0.0, step="deploying", spec=SPEC)
    found = told("deploying", ways_of_stopped(NODE, [*stopped, cluster]))
    assert [(one.verb, one.target) for one in found] == [(verb, "node01"), (verb, "node02")]
    for one in stopped:
        assert legality.why_not(situation(one, cluster), verb, {}) is None


def test_what_is_not_legal_for_the_record_itself_is_not_told() -> None:
    own = Remedy("verb", "Retry it.", verb="retry", target="demo")
    assert told("deploying", (own,)) == []
    assert told("deploying", ways.of_silent(["node01"]))[1].verb == "replace"


@pytest.mark.parametrize("kept", [ways.of_stubborn([SERVER]), ways.of_unseen(SERVER)])
def test_a_server_that_does_not_obey_or_run_is_named(kept: Any) -> None:
    (one,) = told("deploying", kept, of="node01")
    assert one.kind == "outside" and ("0717-1" in one.text or "lab-node01-bms" in one.text)


def test_a_thousand_nodes_that_stopped_are_told_by_a_few() -> None:
    many = [Record(f"n{n}", NODE.name, "demo", "failed", 0.0) for n in range(1000)]
    assert len(ways_of_stopped(NODE, many)) == MOST
