"""A verb that one record would allow is refused, with a reason, where the other of node and cluster is against it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from daemon.life.vetoes import Vetoes
from state_machines.kind import Kind
from state_machines.record import Record
from state_machines.verbs import DESTROY, REPLACE, ROLLBACK, Verb
from tests.daemon.toy_kinds import CLUSTER, NODE


def with_verbs(kind: Kind, *more: Verb) -> Kind:
    """The same tables, with more verbs of a person."""
    verbs = (*kind.verbs.values(), *more)
    return Kind(kind.name, kind.role, kind.states.values(), kind.transitions, kind.undo, verbs)


SWAP = replace(REPLACE, name="swap")
EVICT = replace(ROLLBACK, name="evict")
WIPE = replace(DESTROY, name="wipe")
VETOES = Vetoes(NODE, CLUSTER, waits=("gathering",), member="toy")
OWN = Vetoes(with_verbs(NODE, SWAP, EVICT), with_verbs(CLUSTER, EVICT), waits=("gathering",), member="toy")
"""Those of a platform with verbs of its own."""


def node(state: str = "ready", **more: Any) -> Record:
    return Record("node01", NODE.name, "demo", state, 1.0, **more)


def cluster(state: str = "active", nodes: tuple[str, ...] = ("node01", "node02"), **more: Any) -> Record:
    return Record("demo", CLUSTER.name, "demo", state, 1.0, spec={"nodes": list(nodes)}, **more)


@pytest.mark.parametrize(
    ("verb", "of", "beside", "said"),
    [
        ("rollback", node("active", facts={"member": True}), cluster(), "It is a toy of demo: apply a spec"),
        ("rollback", node(), cluster("gathering"), None),
        ("rollback", node(), cluster(), "formed already: destroy the cluster instead."),
        ("hold", node(), cluster("failed", step="gathering"), None),
        ("retry", node("failed"), cluster("rolling_back"), "demo is rolled back: retry the cluster"),
        ("retry", node("rollback_blocked"), cluster("rolling_back"), None),
        ("retry", node("failed"), cluster(nodes=("node02",)), "It leaves demo"),
        ("retry", node("failed"), cluster(), None),
    ],
)
def test_what_a_node_is_refused(verb: str, of: Record, beside: Record, said: str | None) -> None:
    found = VETOES(verb, of, beside)
    assert (found is None) if said is None else (said in str(found)), found


@pytest.mark.parametrize(
    ("verb", "of", "beside", "said"),
    [
        ("swap", node("active"), cluster(), None),
        ("swap", node("active"), cluster(nodes=("node01",)), "It is all that demo stands on"),
        (
            "evict",
            node("active", facts={"member": True}),
            cluster(),
            "It is a toy of demo: swap it, or apply a spec",
        ),
        ("evict", node(), cluster(), "formed already: destroy the cluster instead."),
        ("evict", node("failed"), cluster("rolling_back"), None),
        ("swap", node("failed"), cluster("rolling_back"), "demo is rolled back: retry the cluster"),
    ],
)
def test_a_verb_of_a_platforms_own_is_refused_for_what_its_row_says(
    verb: str, of: Record, beside: Record, said: str | None
) -> None:
    found = OWN(verb, of, beside)
    assert (found is None) if said is None else (said in str(found)), found


def test_a_cluster_that_was_active_is_not_ended_by_a_verb_that_remembers_it() -> None:
    once = cluster("gathering", facts={"formed": True})
    own = Vetoes(NODE, with_verbs(CLUSTER, EVICT, WIPE), waits=("gathering",))
    assert "It was active: destroy it" in str(own("evict", once, once))
    assert own("wipe", once, once) is None


def test_a_cluster_that_was_active_is_not_rolled_back_by_mistake() -> None:
    once = cluster("gathering", facts={"formed": True})
    assert "It was active: destroy it" in str(VETOES("rollback", once, once))
    assert VETOES("destroy", once, once) is None
    new = cluster("gathering")
    assert VETOES("rollback", new, new) is None
