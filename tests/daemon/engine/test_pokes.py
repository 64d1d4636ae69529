"""A verb of a cluster gives its nodes a turn only where it changes something for them."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.store.ops import AddCommand, Command
from state_machines.kind import NOTHING, Kind, State
from state_machines.lifecycle import ENDS, lifecycle, release
from state_machines.outcome import Done, Wait
from tests.daemon.toy_kinds import CLUSTER, CLUSTER_STEPS

STEPS = (
    *CLUSTER_STEPS,
    State("greeting", "working", "greeting", "All greet.", work=True, deadline=9.0, undo=NOTHING),
)
TWO_STEPS = Kind(
    CLUSTER.name,
    "cluster",
    states=(
        State("pending", "waiting", "pending", "Nothing yet."),
        *STEPS,
        State("active", "ok", "active", "All are there."),
        *ENDS,
    ),
    transitions=(
        *lifecycle(("pending",), STEPS, ("active",), protected=("active",)),
        release("destroy", ("pending",), STEPS, ("active",)),
    ),
    undo=CLUSTER.undo,
    verbs=CLUSTER.verbs.values(),
)


@pytest.fixture
async def waiting(build: Any) -> Any:
    """A cluster of two steps, the nodes of which wait for the world."""
    one = build()
    one.toy.cluster = TWO_STEPS
    one.toy.script["settling"] = Wait("the world", "it turns", 500.0)
    one.toy.steps["greeting"] = lambda ctx: Done()
    await one.start()
    await one.sow("node01", "node02")
    await one.tell("demo", "start")
    assert one.record("demo").state == "gathering"
    yield one
    await one.stop()


@pytest.mark.parametrize(
    ("verb", "args", "looks"),
    [("hold", {"step": "gathering"}, 0), ("protect", {}, 0), ("unprotect", {}, 1)],
    ids=["hold-after", "protect", "unprotect"],
)
async def test_only_what_lifts_a_protection_has_the_nodes_look_again(
    waiting: Any, verb: str, args: dict[str, str], looks: int
) -> None:
    if verb == "unprotect":
        await waiting.tell("demo", "protect")
    before = {node: len(waiting.toy.runs("settling", node)) for node in ("node01", "node02")}
    asked = Command("t", "demo", "demo", verb, "ada", waiting.clock.now(), args)
    await waiting.journal.commit(AddCommand(asked))
    waiting.engine.poke("demo")
    await waiting.idle()
    cluster = waiting.record("demo")
    assert (cluster.stop_after, cluster.protected) == (args.get("step"), verb == "protect")
    after = {node: len(waiting.toy.runs("settling", node)) - runs for node, runs in before.items()}
    assert after == {"node01": looks, "node02": looks}
