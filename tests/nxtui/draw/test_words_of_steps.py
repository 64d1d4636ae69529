"""What a person reads of steps, evidence and causes: titles and sentences, not the names of the program."""

from __future__ import annotations

from typing import Any

from canned_data import canned_entities

from nxtui.draw import pages, tree
from nxtui.draw.choice import choice
from nxtui.draw.glyphs import UNICODE
from nxtui.draw.layout import NOTE_ROOM, TREE_COLUMNS, place
from nxtui.draw.text import plain
from nxtui.model.tree import Tree


def test_evidence_that_is_an_answer_in_json_is_read_as_its_messages() -> None:
    said = pages.said_outside
    one = '[{"code": "cannot_start_capacity", "message": "No capacity in zone 1.", "more_info": "http"}]'
    assert said(one) == "cannot_start_capacity: No capacity in zone 1."
    assert said('{"errors": [{"message": "a"}, {"message": "b"}]}') == "a; b"
    for other in ('[{"code": "cut", "messa', "HTTP 400", "[1]", "{}", "[]", '{"state": "x"}'):
        assert said(other) == other


def test_how_far_a_node_is_stands_before_its_try_and_finds_room_beside_the_bar() -> None:
    _, nodes = canned_entities()
    node: Any = next(one for one in nodes if one["progress"] is not None) | {"attempt": 2}
    note = tree.note(node, {}, None, False)  # type: ignore[arg-type]
    assert note.endswith(" % · try 2")
    for width in (80, 88, 96, 110):
        placed = {
            one.key: one.width for one in place(TREE_COLUMNS, width, {"name": 10, "bar": 15, "state": 24})
        }
        assert placed["note"] >= NOTE_ROOM or placed["bar"] <= 10, "the bar has room to spare, the note none"


def test_the_step_of_an_entity_is_told_by_its_title() -> None:
    _, nodes = canned_entities()
    node = next(one for one in nodes if one["step"])
    text = "\n".join(map(plain, pages.facts(node, None, 80, (), "waiting for installer")))
    assert "waiting for installer" in text and "awaiting" not in text


def test_a_cause_that_is_of_clusters_alone_names_them() -> None:
    listing = Tree()
    listing.only = frozenset(("cluster-c",))
    told = plain(choice(listing, 0, 0, 13, 80, UNICODE))
    assert "ONE CAUSE  cluster-c" in told and "0 of" not in told
