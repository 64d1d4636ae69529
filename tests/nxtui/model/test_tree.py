"""The fleet is one tree that leads to the trouble: the worst first inside and outside, causes above it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import pytest

from daemon.client.query import Query, parse
from nxtui.model.tree import CAUSES, Tree

Make = Callable[..., Any]


def told(entity: Make, name: str, urgency: int, cluster: str = "a", **more: Any) -> Any:
    phases = {0: "failed", 3: "working", 4: "working", 5: "waiting", 6: "ok"}
    return entity(name, cluster=cluster, urgency=urgency, phase=phases[urgency], **more)


@pytest.fixture
def fleet(entity: Make) -> dict[str, Any]:
    """Three clusters: one with a failed node, one at work, one that is well."""
    found = [
        told(entity, "a", 4, "a", kind="cluster", since=10.0),
        told(entity, "a1", 6, "a", since=50.0),
        told(
            entity,
            "a2",
            0,
            "a",
            since=60.0,
            error={"code": "x", "message": "No.", "remedy": "", "retry": "now"},
        ),
        told(entity, "b", 4, "b", kind="cluster", since=5.0),
        told(entity, "b1", 4, "b", since=7.0, outlook={"ready_at": 500.0}),
        told(entity, "b2", 4, "b", since=6.0, outlook={"ready_at": 900.0}),
        told(entity, "c", 6, "c", kind="cluster", since=1.0),
        told(entity, "c1", 6, "c", since=2.0),
    ]
    return {one["name"]: one for one in found}


def trouble(id: str, *targets: str) -> Any:
    return {
        "id": id,
        "code": "capacity",
        "sentence": "No machine is left.",
        "subject": "zone",
        "targets": list(targets),
        "clusters": ["a"],
        "since": 60.0,
        "remedies": [],
    }


def grown(fleet: dict[str, Any]) -> Tree:
    tree = Tree()
    tree.rebuild(fleet)
    return tree


def test_the_worst_is_first_inside_and_outside_and_what_is_well_is_folded(fleet: dict[str, Any]) -> None:
    assert grown(fleet).order == ["a", "a2", "a1", "b", "b2", "b1", "c"]


def test_a_person_folds_and_unfolds_what_he_likes(fleet: dict[str, Any]) -> None:
    tree = grown(fleet)
    tree.fold("c", False)
    tree.fold("a", True)
    assert tree.order == ["a", "b", "b2", "b1", "c", "c1"]
    tree.rebuild(fleet)
    assert tree.order == ["a", "b", "b2", "b1", "c", "c1"], "and it stays so"


def test_the_cursor_begins_at_the_worst_row_or_the_last_that_is_ready(fleet: dict[str, Any]) -> None:
    assert grown(fleet).cursor == "a2"
    tree = Tree()
    tree.troubles = [trouble("one", "a2")]
    tree.rebuild(fleet)
    assert tree.cursor == "!one"
    well = {name: one for name, one in fleet.items() if name[0] != "a"}
    assert grown(well).cursor == "b2"


def test_a_cluster_that_becomes_well_is_not_folded_under_the_cursor(fleet: dict[str, Any]) -> None:
    tree = grown(fleet)
    tree.seek("b1")
    for name in ("b", "b1", "b2"):
        fleet[name] = fleet[name] | {"urgency": 6}
        tree.update(fleet, [name])
    assert tree.cursor == "b1" and "b1" in tree.order
    tree.seek("c")
    tree.rebuild(fleet)
    assert "b1" not in tree.order


def test_causes_stand_above_all_and_only_some_of_them(fleet: dict[str, Any]) -> None:
    tree = grown(fleet)
    assert tree.tell([trouble(str(number), "a2") for number in range(7)])
    assert tree.order[: CAUSES + 1] == ["!0", "!1", "!2", "!3", "a"]
    assert (tree.pinned, tree.cursor) == (CAUSES, "a2"), "the cursor belongs to its name"
    assert tree.cause("!2") == trouble("2", "a2") and tree.cause("a2") is None
    assert not tree.tell(tree.troubles)


def test_trouble_is_visited_once_each_and_round(fleet: dict[str, Any]) -> None:
    fleet["b"]["urgency"] = 3  # slow
    tree = Tree()
    tree.troubles = [trouble("one", "a2")]
    tree.rebuild(fleet)
    tree.fold("a", True)
    visited = []
    for _ in range(4):
        there = tree.next_trouble()
        assert there is not None
        visited.append(there)
        if tree.place(there) is None:
            tree.fold(fleet[there]["cluster"], False)
        tree.seek(there)
    assert visited == ["a2", "b", "!one", "a2"]
    assert grown({name: one for name, one in fleet.items() if name[0] == "c"}).next_trouble() is None


def test_a_filter_keeps_the_cluster_of_what_it_finds_out_and_folds_nothing(fleet: dict[str, Any]) -> None:
    tree = grown(fleet)
    tree.query = parse("name:c1")
    tree.rebuild(fleet)
    assert (tree.order, tree.cursor) == (["c", "c1"], "c1"), "the cursor is on what was looked for"
    tree.query = Query()
    tree.only = frozenset(("a", "a2"))
    tree.rebuild(fleet)
    assert tree.order == ["a", "a2"]


def test_another_order_is_a_flat_list_of_nodes(fleet: dict[str, Any]) -> None:
    tree = grown(fleet)
    tree.sort = "name"
    tree.rebuild(fleet)
    assert tree.order == ["a1", "a2", "b1", "b2", "c1"]
    tree.sort = "trouble"
    tree.rebuild(fleet)
    assert tree.order == ["a", "a2", "a1", "b", "b2", "b1", "c"]


def test_updates_in_any_order_end_where_a_rebuild_ends(fleet: dict[str, Any], entity: Make) -> None:
    draw = random.Random(5)
    tree = grown(fleet)
    for cluster in "abc":
        tree.fold(cluster, False)
    for _ in range(400):
        name = f"{draw.choice('abc')}{draw.randint(1, 6)}"
        if name in fleet and draw.random() < 0.2:
            del fleet[name]
        else:
            fleet[name] = told(
                entity, name, draw.choice((0, 3, 4, 5, 6)), name[0], since=float(draw.randint(1, 9))
            )
        tree.update(fleet, [name])
        fresh = Tree()
        for cluster in "abc":
            fresh.fold(cluster, False)
        fresh.rebuild(fleet)
        assert tree.order == fresh.order


def test_the_next_trouble_of_ten_thousand_rows_comes_at_once(entity: Make) -> None:
    fleet = {f"c{n}": told(entity, f"c{n}", 4, f"c{n}", kind="cluster") for n in range(200)}
    for n in range(10_000):
        fleet[f"n{n}"] = told(entity, f"n{n}", 0 if n % 97 == 1 else 4, f"c{n % 200}", since=float(n))
    tree = grown(fleet)
    taken = []
    for _ in range(40):
        began = time.perf_counter()
        there = tree.next_trouble()
        taken.append(time.perf_counter() - began)
        assert there is not None and tree.seek(there)
    assert sorted(taken)[37] < 0.020
