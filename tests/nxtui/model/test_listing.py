"""Cursor and marks belong to names: they survive every refresh, sort and filter."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from daemon.client.query import Query, parse
from nxtui.model.listing import SORTS, Listing, natural

Make = Callable[..., Any]


@pytest.fixture
def fleet(entity: Make) -> dict[str, Any]:
    names = [f"node{number}" for number in range(1, 21)]
    return {name: entity(name, since=1000.0 + index) for index, name in enumerate(names)}


def test_names_are_in_the_order_people_count_in() -> None:
    assert sorted(["node10", "node2", "node1"], key=natural) == ["node1", "node2", "node10"]


def test_who_needs_a_person_comes_first(fleet: dict[str, Any]) -> None:
    fleet["node17"]["phase"] = "failed"
    fleet["node5"]["phase"] = "attention"
    listing = Listing()
    listing.rebuild(fleet)
    assert listing.order[:3] == ["node17", "node5", "node1"]


def test_the_cursor_stays_on_its_node_through_every_order(fleet: dict[str, Any]) -> None:
    listing = Listing()
    listing.rebuild(fleet)
    listing.seek("node7")
    for sort in SORTS:
        listing.sort = sort
        listing.rebuild(fleet)
        assert listing.cursor == "node7"
        assert listing.order[listing.index] == "node7"


def test_a_filtered_cursor_comes_back_with_its_node(fleet: dict[str, Any]) -> None:
    listing = Listing()
    listing.rebuild(fleet)
    listing.seek("node7")
    listing.query = parse("name:node1")
    listing.rebuild(fleet)
    assert listing.cursor in listing.order
    listing.query = Query()
    listing.rebuild(fleet)
    assert listing.cursor == "node7"


def test_when_the_node_leaves_its_neighbour_takes_the_cursor(fleet: dict[str, Any]) -> None:
    listing = Listing()
    listing.rebuild(fleet)
    listing.seek("node7")
    del fleet["node7"]
    listing.rebuild(fleet)
    assert listing.cursor == "node8"


def test_marks_survive_sorting_and_filtering_but_only_shown_ones_are_acted_on(fleet: dict[str, Any]) -> None:
    listing = Listing()
    listing.rebuild(fleet)
    listing.toggle("node2")
    listing.toggle("node11")
    listing.query = parse("name:node1")
    listing.rebuild(fleet)
    assert listing.chosen() == ["node11"]
    listing.query = Query()
    listing.rebuild(fleet)
    assert listing.chosen() == ["node2", "node11"]


def test_without_marks_the_cursor_is_what_is_acted_on(fleet: dict[str, Any]) -> None:
    listing = Listing()
    assert listing.chosen() == []
    listing.rebuild(fleet)
    listing.seek("node3")
    assert listing.chosen() == ["node3"]


def test_a_range_goes_from_the_last_mark_to_the_cursor(fleet: dict[str, Any]) -> None:
    listing = Listing()
    listing.rebuild(fleet)
    listing.toggle("node3")
    listing.span("node6")
    assert listing.chosen() == ["node3", "node4", "node5", "node6"]
    listing.marks = {"node9"}
    listing.span("node8")
    assert listing.chosen() == ["node8", "node9"]


def test_a_change_that_moves_nothing_reorders_nothing(fleet: dict[str, Any]) -> None:
    listing = Listing()
    listing.rebuild(fleet)
    fleet["node4"] = fleet["node4"] | {"waiting_for": "something else"}
    assert not listing.update(fleet, ["node4"])
    fleet["node4"] = fleet["node4"] | {"phase": "failed"}
    assert listing.update(fleet, ["node4"])
    assert listing.order[0] == "node4"


def test_updates_in_any_order_end_where_a_rebuild_ends(fleet: dict[str, Any]) -> None:
    draw = random.Random(3)
    listing = Listing()
    listing.query = parse("!phase:ok")
    listing.rebuild(fleet)
    for _ in range(300):
        name = f"node{draw.randint(1, 25)}"
        if name in fleet and draw.random() < 0.1:
            del fleet[name]
        else:
            base = fleet.get(name) or dict(fleet["node1"], name=name)
            fleet[name] = base | {"phase": draw.choice(["ok", "failed", "working"])}
        listing.update(fleet, [name])
        fresh = Listing()
        fresh.query = listing.query
        fresh.rebuild(fleet)
        assert listing.order == fresh.order
