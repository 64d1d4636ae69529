"""What goes and what comes when a node is replaced, or is tried again because what it stands on is no good."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.life.replacing import FAILED_AT, UNWANTED, Replacing
from daemon.store.ops import Resource
from state_machines.record import Record

REPLACING = Replacing("body", lambda node, number: f"{node}-body-{number}", tie="seat")
NODE = Record("node01", "toy.node", "demo", "failed", 1.0, facts={"server": 3})


def row(kind: str, state: str = "present", owner: str = "node01", **data: Any) -> Resource:
    name = "node01" if kind == "seat" else "node01-body-3"
    return Resource(owner, "demo", kind, name, state, "id-1", 1, data)  # type: ignore[arg-type]


BODY, SEAT = row("body"), row("seat", owner="demo")


def test_a_replaced_node_gets_another_one_and_its_place_anew() -> None:
    goes, comes = REPLACING.replacement(NODE, [SEAT, BODY, row("address")])
    assert list(goes) == [SEAT, BODY]
    assert [(one.owner, one.kind, one.name) for one in comes] == [
        ("node01", "body", "node01-body-4"),
        ("demo", "seat", "node01"),
    ]


def test_where_none_stands_the_one_that_is_due_comes() -> None:
    goes, comes = REPLACING.replacement(NODE, [row("body", "gone")])
    assert list(goes) == [] and [one.name for one in comes] == ["node01-body-3"]


@pytest.mark.parametrize(
    ("body", "goes"),
    [
        (BODY, False),
        (row("body", "deleting"), True),
        (row("body", **{FAILED_AT: 1}), True),
        (row("body", **{UNWANTED: True}), True),
        (row("body", "gone", **{FAILED_AT: 1}), False),
    ],
)
def test_a_retry_renews_what_is_no_good_and_nothing_else(body: Resource, goes: bool) -> None:
    unfit, comes = REPLACING.renewal(NODE, [body, SEAT])
    assert (list(unfit), [one.name for one in comes]) == (([body], ["node01-body-4"]) if goes else ([], []))


def test_a_place_that_is_gone_ties_nobody() -> None:
    other = Resource("demo", "demo", "seat", "node02", "present", "id-2", 1, {})
    assert REPLACING.ties("node01", [SEAT, other, row("seat", "gone", owner="demo")]) == [SEAT]
