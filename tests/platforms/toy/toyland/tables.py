"""The tables of a box and of a row of boxes."""

from __future__ import annotations

from dataclasses import replace

from state_machines.kind import NOTHING, ROLLING_BACK, Kind, State, Transition, UndoStep
from state_machines.lifecycle import ENDS, lifecycle, release
from state_machines.verbs import (
    DESTROY,
    HOLD,
    PROTECT,
    REPLACE,
    RESUME,
    RETRY,
    ROLLBACK,
    UNPROTECT,
    Prompt,
    Verb,
)

NODE_STEPS = (
    State(
        "making",
        "working",
        "making the box",
        "Its MAC is claimed, and the box is put on the shelf.",
        work=True,
        deadline=120.0,
        undo="unmake",
        short="box",
    ),
    State(
        "powering",
        "working",
        "switching the box on",
        "The box has to be on.",
        work=True,
        deadline=120.0,
        undo="switch_off",
        short="power",
    ),
    State(
        "filling",
        "working",
        "filling the box",
        "The shelf fills the box.",
        work=True,
        deadline=120.0,
        undo="nothing",
        short="filling",
        nature="machine",
    ),
    State(
        "folding",
        "working",
        "folding the box",
        "The box boots, fetches its label and folds its sides.",
        work=True,
        deadline=120.0,
        undo="nothing",
        short="folding",
        nature="machine",
    ),
)
CLUSTER_STEPS = (
    State(
        "gathering",
        "working",
        "gathering boxes",
        "Boxes have to be full: every one of the row, or as many as the gate asks for.",
        work=True,
        deadline=600.0,
        undo="release_nodes",
        short="gathering",
        nature="waits",
    ),
    State(
        "lining_up",
        "working",
        "lining boxes up",
        "Full boxes are taken into the row, one after the other.",
        work=True,
        deadline=600.0,
        undo=NOTHING,
        short="lining up",
    ),
    State(
        "sorting_out",
        "working",
        "sorting boxes out",
        "Boxes that the spec names no more are taken away.",
        work=True,
        deadline=600.0,
        undo=NOTHING,
        short="sorting out",
    ),
)
_STEPS = tuple(state.name for state in NODE_STEPS)
_WHERE = tuple(state.name for state in CLUSTER_STEPS)
VERBS = (RETRY, ROLLBACK, HOLD, RESUME)
ANOTHER = replace(
    REPLACE,
    does="take the box away and put another one in its place",
    prompt=Prompt(
        "Put another box in the place of {}?",
        "The box is taken away with what is in it, and another one is made for the same label.",
        "gets another box",
    ),
    help="Take a box away and put another one in its place.",
    brief="",
)
BLINK = Verb(
    "blink",
    "let its lamp blink",
    Prompt("Let {} blink?", "Its lamp blinks once, so that it is found on the shelf.", "blinks"),
    "Let the lamp of a box blink once, so that it is found on the shelf.",
    whom="node",
    consent="ask",
    facts={"blink": True},
    goal="active",
)

NODE = Kind(
    "toyland.node",
    "node",
    states=(
        State("pending", "waiting", "pending", "Its row says when it begins."),
        *NODE_STEPS,
        State("ready", "ok", "ready", "It is full."),
        State("active", "ok", "active", "It belongs to its row."),
        *ENDS,
    ),
    transitions=(
        *lifecycle(("pending",), NODE_STEPS, ("ready", "active"), protected=("active",)),
        Transition("join", ("ready",), "active"),
        Transition("blink", ("active",), "powering"),
        Transition("replace", (*_STEPS, "ready", "active"), "making"),
        *(Transition("replace", ("failed", "held"), "making", at=step) for step in _STEPS),
        release("release", ("pending",), NODE_STEPS, ("ready", "active")),
    ),
    undo=(
        UndoStep("switch_off", "switching the box off", 120.0, ("power",)),
        UndoStep("unmake", "taking the box away", 300.0, ("box", "mac")),
    ),
    verbs=(*VERBS, ANOTHER, BLINK),
)

CLUSTER = Kind(
    "toyland.cluster",
    "cluster",
    states=(
        State("pending", "waiting", "pending", "It begins at once."),
        *CLUSTER_STEPS,
        State("active", "ok", "active", "All boxes are full."),
        *ENDS,
    ),
    transitions=(
        *lifecycle(("pending",), CLUSTER_STEPS, ("active",), protected=("active",)),
        Transition("change", ("active", *_WHERE), "gathering"),
        *(Transition("change", ("failed", "held"), "gathering", at=step) for step in _WHERE),
        Transition("change", ("rolled_back",), "pending"),
        release("destroy", ("pending",), CLUSTER_STEPS, ("active",)),
        Transition("destroy", ("rolled_back",), ROLLING_BACK),
    ),
    undo=(UndoStep("release_nodes", "taking all boxes away", 300.0),),
    verbs=(*VERBS, DESTROY, PROTECT, UNPROTECT),
)
