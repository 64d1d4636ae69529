"""A box that is no good is taken away, and another one comes in its place: by a verb, or by itself as far as the spec
lets it."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

from tests.platforms.toy.shelf_server import ShelfState
from tests.platforms.toy.test_toyland import SPEC, deployed, destroyed, ended, states, until

pytestmark = pytest.mark.e2e


def names(shelf: ShelfState) -> list[str]:
    return sorted(box["name"] for box in shelf.boxes.values())


def climbing(toy: Any, climb_to: str) -> str:
    """The row's spec with a ladder of this height, in a file; its name."""
    (toy.directory / "climbing.yaml").write_text(f"climb_to: {climb_to}\n{SPEC.read_text()}")
    return "climbing.yaml"


def test_a_box_is_replaced_in_a_row_that_stands_and_nothing_of_the_old_one_is_left(
    toy: Any, shelf: ShelfState
) -> None:
    deployed(toy)
    plan = json.loads(toy.run("replace", "left", "--json").out or "{}")
    assert "lab-left-2" in json.dumps(plan)
    assert toy.run("replace", "left", "--yes").code == 0
    until(lambda: names(shelf) == ["lab-left-2", "lab-right"] and set(states(toy).values()) == {"active"})
    old, new = (shelf.machines[name][0] for name in ("lab-left", "lab-left-2"))
    assert (old.gone.is_set(), old.folded, new.folded) == (True, 1, 1)
    assert old.url != new.url  # with a token of its own
    assert toy.run("audit", "--json").out.strip() == "[]"
    destroyed(toy)
    assert shelf.boxes == {}


def test_a_box_that_tears_is_folded_again_and_then_replaced_by_itself(toy: Any, shelf: ShelfState) -> None:
    shelf.torn.add("lab-left")
    toy.serve()
    assert toy.run("apply", climbing(toy, "replace")).code == 0
    assert toy.run("wait", "row", "--timeout", "25").code == 0
    lines = [one["message"] for one in json.loads(toy.run("logs", "left", "--json").out)["events"]]
    rungs = [one for one in lines if one.startswith("trying again by itself")]
    assert rungs == ["trying again by itself: fold", "trying again by itself: replace"]
    assert names(shelf) == ["lab-left-2", "lab-right"]


def test_no_rung_above_the_one_of_the_spec_is_taken(toy: Any, shelf: ShelfState) -> None:
    shelf.torn.add("lab-left")
    toy.serve()
    assert toy.run("apply", climbing(toy, "fold")).code == 0
    assert toy.run("wait", "left", "--timeout", "25").code == 1
    until(lambda: toy.asks(lambda client: client.show("left"))["entity"]["attempt"] == 2)
    until(lambda: states(toy)["left"] == "failed")
    assert "lab-left-2" not in shelf.made
    assert "nxd replace left" in toy.run("show", "left").out
    toy.run("validate", climbing(toy, "restart")).refused_with(2, "expected one of none, fold, replace")


@pytest.mark.parametrize(
    "point", ["before_deleting", "after_delete", "after_gone", "after_intent", "after_call"]
)
def test_a_daemon_killed_while_a_box_is_replaced_makes_one_other_and_leaves_none(
    toy: Any, shelf: ShelfState, point: str
) -> None:
    ended(deployed(toy))
    toy.more["NXD_CRASH"] = f"{point}@left"
    child = toy.serve()
    toy.more.clear()
    toy.asks(lambda client: client.verb("replace", "left", meant=True))
    until(lambda: child.poll() is not None)
    assert child.poll() == -signal.SIGKILL
    toy.serve()
    until(lambda: set(states(toy).values()) == {"active"} and names(shelf) == ["lab-left-2", "lab-right"])
    assert sorted(shelf.made) == ["lab-left", "lab-left-2", "lab-right"]
    destroyed(toy)
    assert shelf.boxes == {}
