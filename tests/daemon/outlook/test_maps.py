"""The map of a cluster is drawn by what is known: what was answered, and who waits for whom, until when."""

from __future__ import annotations

from typing import Any

from daemon.errors.tree import NxdError
from daemon.outlook.maps import MOST
from daemon.platforms.base import Picture, Seen, Shown
from state_machines.outcome import Wait

NAMES = ["node1", "node2", "node3"]


def edges(house: Any) -> list[tuple[str, str]]:
    """Who waits for whom."""
    return [(" ".join(edge["who"]), edge["whom"]) for edge in told(house)["edges"]]


def told(house: Any) -> Any:
    return house.views.maps.of(house.record("demo"))


async def night(house: Any) -> None:
    """One node failed, one works, one is ready; their cluster waits for them."""
    house.toy.waits_for_nodes = lambda step: step == "gathering"
    house.toy.script = {
        ("node1", "settling"): NxdError("bad_request", "It cannot be."),
        ("node2", "settling"): Wait("its paint to dry", "it is wet", 100.0, progress=0.45),
        "gathering": house.toy._gather,
    }
    await house.sow(*NAMES)
    await house.tell("demo", "start")


async def test_it_tells_who_waits_for_whom_and_where_each_stands(house: Any) -> None:
    await night(house)
    assert edges(house) == [
        ("demo", "node1, node2"),
        ("node1", "a person"),
        ("node2", "its machine" if house.toy.node.states["settling"].nature != "cloud" else "the cloud"),
        ("node3", "demo"),
    ]
    shown = told(house)
    waits = shown["edges"][2]
    assert waits["why"] == "its paint to dry" and waits["until"] == house.record("node2").deadline
    rows = {box["name"]: box["rows"][0] for box in shown["members"]}
    assert [rows[name]["sign"] for name in NAMES] == ["failed", "working", "ok"]
    assert rows["node2"]["value"] == "45 %" and rows["node2"]["seen"] == house.record("node2").since
    assert "settling" in rows["node1"]["what"].lower() or ":" in rows["node1"]["what"]


async def test_those_who_wait_alike_are_told_together(house: Any) -> None:
    house.toy.script = {(name, "settling"): Wait("rain", "it is dry", 100.0) for name in NAMES}
    house.toy.script["gathering"] = house.toy._gather
    await house.sow(*NAMES)
    await house.tell("demo", "start")
    waits = [edge for edge in told(house)["edges"] if edge["why"] == "rain"]
    assert [edge["who"] for edge in waits] == [NAMES]


async def test_a_platform_draws_what_is_specific_and_one_that_does_not_has_its_addresses(house: Any) -> None:
    await house.sow(*NAMES)
    house.toy.addresses = lambda record, rows: {"front": "10.0.0.1"}
    (front,) = told(house)["members"][0]["rows"][1:]
    assert (front["sign"], front["what"], front["value"]) == ("none", "front", "10.0.0.1")

    seen = [Seen("ok", "lamp", "on", 50.0, 30.0), Seen("unasked", "door", "")]
    house.toy.picture = lambda cluster, members, mirror, looks: Picture(
        {"shelf": "oak"},
        [Shown(members[0].name, seen, "left", ("shelf",), "10.0.0.1")],
        [Shown("whole", [Seen("ok", "a", "b"), Seen("failed", "c", "d")])],
        {"shop": "at the corner"},
    )
    shown = told(house)
    box = shown["members"][0]
    assert [row.get("seen") for row in box["rows"][1:]] == [50.0, None]
    assert box["rows"][1]["old_at"] == 80.0 and "old_at" not in box["rows"][2]
    assert (box["beside"], box["address"]) == ("left", "10.0.0.1")
    assert shown["services"][0]["phase"] == "failed", "a service stands as the worst of what was asked of it"
    assert shown["members"][1]["rows"][1:] == [] and shown["notes"][-1]["text"] == "at the corner"


async def test_of_very_many_the_most_urgent_ones_are_shown(house: Any) -> None:
    house.toy.script["node205", "making"] = NxdError("bad_request", "It cannot be.")
    await house.sow(*(f"node{number:03}" for number in range(1, MOST + 10)))
    await house.tell("node205", "start")
    shown = told(house)
    assert len(shown["members"]) == MOST and shown["left"] == 9
    assert "node205" in [box["name"] for box in shown["members"]]
