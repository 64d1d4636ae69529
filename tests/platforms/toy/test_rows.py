"""Boxes come to a row and leave it as on every platform: by the gate, one after the other, and never by themselves."""

from __future__ import annotations

from typing import Any

import pytest

from tests.platforms.toy.shelf_server import ShelfState
from tests.platforms.toy.test_toyland import SPEC, destroyed, states, until

pytestmark = pytest.mark.e2e


def row_of(toy: Any, *names: str, gate: str = "all") -> str:
    """A spec of the row with these boxes, in a file; its name."""
    head = SPEC.read_text().partition("nodes:")[0]
    boxes = "".join(f"  - name: {name}\n    mac: 02:00:00:00:01:{n:02x}\n" for n, name in enumerate(names))
    (toy.directory / "row-of.yaml").write_text(f"{head}gate: {gate}\nnodes:\n{boxes}")
    return "row-of.yaml"


def test_a_row_grows_and_shrinks_by_its_spec_and_its_boxes_go_only_with_it(
    toy: Any, shelf: ShelfState
) -> None:
    toy.serve()
    assert toy.run("apply", row_of(toy, "one", "two")).code == 0
    assert toy.run("wait", "row", "--timeout", "25").code == 0
    toy.run("rollback", "one", "--yes").refused_with(4, "It is active")
    assert toy.run("apply", row_of(toy, "one", "two", "three")).code == 0
    assert toy.run("wait", "row", "--timeout", "25").code == 0
    assert states(toy) == {"row": "active", "one": "active", "two": "active", "three": "active"}
    assert toy.run("apply", row_of(toy, "one", "two"), "--yes").code == 0
    assert toy.run("wait", "row", "--timeout", "25").code == 0
    assert states(toy) == {"row": "active", "one": "active", "two": "active"}
    assert sorted(box["name"] for box in shelf.boxes.values()) == ["lab-one", "lab-two"]
    toy.run("rollback", "row", "--yes").refused_with(4, "It is active")
    destroyed(toy)
    assert shelf.boxes == {}


def test_a_broken_box_stands_in_the_way_of_a_row_of_all_and_is_left_behind_where_the_gate_lets_it(
    toy: Any, shelf: ShelfState
) -> None:
    shelf.broken.add("lab-two")
    toy.serve()
    assert toy.run("apply", row_of(toy, "one", "two")).code == 0
    until(lambda: states(toy) == {"row": "gathering", "one": "ready", "two": "failed"})
    until(lambda: "two is failed" in str(toy.asks(lambda client: client.show("row"))["entity"]["evidence"]))
    row = toy.asks(lambda client: client.show("row"))["entity"]
    assert (row["phase"], row["evidence"]) == ("attention", "1 of 2 ready; two is failed")
    assert "nxd retry two" in toy.run("show", "row").out
    assert toy.run("apply", row_of(toy, "one", "two", gate="1")).code == 0
    assert toy.run("wait", "row", "--timeout", "25").code == 0
    assert states(toy) == {"row": "active", "one": "active", "two": "failed"}
