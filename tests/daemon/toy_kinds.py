"""The tables of the toy platform: a node of two steps, and a cluster that gathers nodes."""

from __future__ import annotations

from state_machines.kind import NOTHING, ROLLING_BACK, Kind, State, Transition, UndoStep
from state_machines.lifecycle import ENDS, lifecycle, release
from state_machines.verbs import DESTROY, HOLD, PROTECT, RESUME, RETRY, ROLLBACK, UNPROTECT

NODE_STEPS = (
    State("making", "working", "making", "It is made.", work=True, deadline=100.0, undo="unmake"),
    State("settling", "working", "settling", "It settles.", work=True, deadline=1000.0, undo=NOTHING),
)


NODE_VERBS = (RETRY, ROLLBACK, HOLD, RESUME)


NODE = Kind(
    "toy.node",
    "node",
    states=(
        State("pending", "waiting", "pending", "Nothing yet."),
        *NODE_STEPS,
        State("ready", "ok", "ready", "It is there."),
        State("active", "ok", "active", "It belongs."),
        *ENDS,
    ),
    transitions=(
        *lifecycle(("pending",), NODE_STEPS, ("ready", "active"), protected=("active",)),
        Transition("join", ("ready",), "active"),
        release("release", ("pending",), NODE_STEPS, ("ready", "active")),
    ),
    undo=(UndoStep("unmake", "unmaking", 50.0), UndoStep("forget", "forgetting", 10.0)),
    verbs=NODE_VERBS,
)


CLUSTER_STEPS = (
    State("gathering", "working", "gathering", "All come.", work=True, deadline=9000.0, undo="release_nodes"),
)


CLUSTER = Kind(
    "toy.cluster",
    "cluster",
    states=(
        State("pending", "waiting", "pending", "Nothing yet."),
        *CLUSTER_STEPS,
        State("active", "ok", "active", "All are there."),
        *ENDS,
    ),
    transitions=(
        *lifecycle(("pending",), CLUSTER_STEPS, ("active",), protected=("active",)),
        Transition("change", ("active", "gathering"), "gathering"),
        Transition("change", ("failed", "held"), "gathering", at="gathering"),
        Transition("change", ("rolled_back",), "pending"),
        release("destroy", ("pending",), CLUSTER_STEPS, ("active",)),
        Transition("destroy", ("rolled_back",), ROLLING_BACK),
    ),
    undo=(UndoStep("release_nodes", "releasing all nodes", 900.0),),
    verbs=(*NODE_VERBS, DESTROY, PROTECT, UNPROTECT),
)
