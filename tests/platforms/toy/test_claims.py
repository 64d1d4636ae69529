"""A key that nobody else may hold: who comes second is told what to do, and it leads on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.platforms.toy.conftest import SPEC
from tests.platforms.toy.shelf_server import ShelfState
from tests.platforms.toy.test_toyland import deployed, states, until

pytestmark = pytest.mark.e2e


def other(toy: Any, *macs: tuple[str, str]) -> str:
    """The file of a second row, whose boxes have the MACs of the first but for these."""
    text = SPEC.read_text().replace("cluster: row", "cluster: other").replace("name: ", "name: other-")
    for old, new in macs:
        assert old in text
        text = text.replace(old, new)
    (toy.directory / "other.yaml").write_text(text)
    return "other.yaml"


@pytest.mark.parametrize("back", [False, True], ids=["failed", "rolled back"])
def test_a_box_whose_mac_is_taken_gets_another_one_by_its_spec_as_its_error_says(
    toy: Any, shelf: ShelfState, back: bool
) -> None:
    deployed(toy)
    assert toy.run("apply", other(toy)).code == 0
    until(lambda: states(toy).get("other-left") == states(toy).get("other-right") == "failed")
    error = json.loads(toy.run("show", "other-left", "--json").out)["entity"]["error"]
    assert (error["code"], "left of row" in error["message"]) == ("claimed", True)
    assert (error["remedies"][0]["kind"], "another one in the spec" in error["remedies"][0]["text"]) == (
        "spec",
        True,
    )
    if back:
        assert toy.run("rollback", "other-left", "--yes").code == 0
        until(lambda: states(toy)["other-left"] == "rolled_back")
    mended = other(toy, ("00:00:00:01", "00:00:00:11"), ("00:00:00:02", "00:00:00:12"))
    plan = json.loads(toy.run("plan", mended, "--json").out)
    assert [(item["action"], item["name"]) for item in plan["items"]] == [
        ("create", "lab-other-left"),
        ("create", "lab-other-right"),
    ]
    assert toy.run("apply", mended).code == 0
    assert toy.run("wait", "other", "--timeout", "25").code == 0
    assert "00:00:00:11" in toy.run("spec", "other").out
    assert len(shelf.boxes) == 4
    assert json.loads(toy.run("plan", mended, "--json").out)["items"] == []


def test_a_box_that_stands_keeps_its_mac_and_only_its_own_place_in_the_list_is_blamed(
    toy: Any, shelf: ShelfState
) -> None:
    toy.serve()
    shelf.broken.add("lab-other-left")
    assert toy.run("apply", other(toy)).code == 0
    until(lambda: (states(toy).get("other-left"), states(toy).get("other-right")) == ("failed", "ready"))
    said = toy.run("apply", other(toy, ("00:00:00:01", "00:00:00:11")))
    said.refused_with(
        4, "its mac is 52:54:00:00:00:01, and would be 52:54:00:00:00:11", "nxd rollback other-left"
    )
    assert "place in the list" not in said.err
    assert toy.run("rollback", "other-left", "--yes").code == 0
    until(lambda: states(toy)["other-left"] == "rolled_back")
    shelf.broken.clear()
    assert toy.run("apply", "other.yaml").code == 0
    assert toy.run("wait", "other", "--timeout", "25").code == 0
    assert {box["mac"] for box in shelf.boxes.values()} >= {"52:54:00:00:00:11"}
