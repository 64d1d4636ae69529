"""A node takes another entry of the spec only while nothing of it stands and nobody moves it."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.engine.reactions import changed_nodes
from daemon.store.ops import AddCommand, Command, PutRecord, PutResource, Resource
from state_machines.outcome import Fail, Problem, Wait
from tests.daemon.toy_kinds import NODE

BROKEN = Fail(Problem("server_failed", "It broke.", (), "later"))


async def test_a_node_that_stopped_with_nothing_is_empty_and_begins_anew(house: Any) -> None:
    house.toy.script["making"] = BROKEN
    node = await house.begin("node01")
    assert node.state == "failed" and house.engine.is_empty(node)
    (anew,) = changed_nodes(
        house.record("demo"), NODE, {"nodes": {"node01": {"mac": "b"}}}, [node], 1.0, house.engine.is_empty
    )
    assert isinstance(anew, PutRecord)
    assert (anew.record.state, anew.record.spec, anew.record.version) == (
        "pending",
        {"mac": "b"},
        node.version + 1,
    )


@pytest.mark.parametrize("why", ["it works", "it holds something", "it is asked"])
async def test_one_that_went_on_since_the_spec_was_applied_is_left_as_it_is(house: Any, why: str) -> None:
    house.toy.script.update(making=[BROKEN], settling=Wait("x", "y", 100.0))
    node = await house.begin("node01")
    if why == "it holds something":
        await house.commit(PutResource(Resource("node01", "demo", "thing", "a", "intended", None, 1)))
    elif why == "it works":
        await house.tell("node01", "retry")
    else:
        await house.journal.commit(AddCommand(Command("t", "node01", "demo", "retry", "ada", 1.0)))
    assert house.record().state == ("settling" if why == "it works" else "failed")
    args = {"nodes": {"node01": {"mac": "b"}}}
    assert changed_nodes(house.record("demo"), NODE, args, [house.record()], 1.0, house.engine.is_empty) == []
    assert node.spec == house.record().spec
