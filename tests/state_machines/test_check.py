"""The linter finds nothing in the tables we ship, and finds each mistake it is there for."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import pytest
from msgspec.structs import replace

from state_machines import ibm_nutanix
from state_machines.check import problems, standings
from state_machines.kind import NOTHING, Kind, State, Transition, UndoStep
from state_machines.lifecycle import ENDS, lifecycle, retry_from
from state_machines.verbs import HOLD, PROTECT, RESUME, RETRY, ROLLBACK, Prompt, Verb

STEP = State("making", "working", "making", "It is made.", work=True, deadline=60.0, undo="unmake")
STATES = (
    State("pending", "waiting", "pending", "Not begun."),
    STEP,
    State("active", "ok", "active", "It is there."),
    *ENDS,
)
MOVES = (
    *lifecycle(("pending",), (STEP,), ("active",), protected=("active",)),
    Transition("release", ("active",), "rolling_back"),
)
UNDO = (UndoStep("unmake", "unmaking", 60.0),)
VERBS = (RETRY, ROLLBACK, HOLD, RESUME)
DANCE = Verb("dance", "turn around", Prompt("Dance with {}?", "It turns.", "dances"), "Turn around.")


def kind(
    *,
    states: Iterable[State] = STATES,
    transitions: Iterable[Transition] = MOVES,
    undo: Iterable[UndoStep] = UNDO,
    verbs: Iterable[Verb] = VERBS,
) -> Kind:
    """A small sound kind, but for what a test breaks."""
    return Kind("small", "node", states, transitions, undo, verbs)


def with_state(name: str, **changes: Any) -> Kind:
    return kind(states=[replace(s, **changes) if s.name == name else s for s in STATES])


def without_events(state: str, *events: str) -> Kind:
    """The kind in which ``state`` does not take ``events``."""
    kept = []
    for move in MOVES:
        sources = tuple(s for s in move.sources if s != state or move.event not in events)
        if sources:
            kept.append(replace(move, sources=sources))
    return kind(transitions=kept)


WITHOUT_A_WAY_FROM_FAILED = without_events("failed", "retry", retry_from("making"), "rollback")
PHASES = ("waiting", "working", "ok", "attention", "failed", "releasing", "released")


@pytest.mark.parametrize(
    "real",
    [
        pytest.param(ibm_nutanix.NODE, id="node"),
        pytest.param(ibm_nutanix.CLUSTER, id="cluster"),
        pytest.param(kind(), id="small"),
    ],
)
def test_a_sound_table_has_no_problems(real: Kind) -> None:
    assert problems(real) == []


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        pytest.param(
            kind(states=[*STATES, State("lost", "ok", "lost", "Nobody comes here.")]),
            "lost: no way leads here from pending.",
            id="unreachable",
        ),
        pytest.param(
            without_events("pending", "start"), "active: no way leads here from pending.", id="cut-off"
        ),
        pytest.param(
            with_state("making", deadline=None),
            "making: a step runs here without a deadline.",
            id="no-deadline",
        ),
        pytest.param(
            with_state("making", title="making it with care"),
            "making: “making it with care” has more than 14 letters: give it a short title (short).",
            id="no-short-title",
        ),
        pytest.param(
            with_state("making", short="made with care."),
            "making: “made with care.” has more than 14 letters: give it a short title (short).",
            id="long-short-title",
        ),
        pytest.param(
            with_state("making", nature="magic"),
            "making: its nature magic is not one of cloud, waits, machine.",
            id="unknown-nature",
        ),
        pytest.param(
            with_state("making", deadline=0.0),
            "making: a step runs here without a deadline.",
            id="zero-deadline",
        ),
        pytest.param(
            kind(states=[*STATES, State("idle", "working", "idle", "No step runs.", undo=NOTHING)]),
            "idle: a step runs here without a deadline.",
            id="working-without-a-step",
        ),
        pytest.param(
            without_events("making", "fail"),
            "making: its deadline leads nowhere, for there is no way to fail.",
            id="cannot-fail",
        ),
        pytest.param(
            kind(undo=[UndoStep("unmake", "unmaking", 0.0)]),
            "unmake: a stage of the rollback without a deadline.",
            id="stage-without-deadline",
        ),
        pytest.param(
            with_state("making", undo=None),
            "making: it says neither what undoes it, nor nothing, nor no return.",
            id="no-undo",
        ),
        pytest.param(
            with_state("making", undo="melt"),
            "making: its undo melt is no stage of the rollback.",
            id="unknown-undo",
        ),
        pytest.param(
            kind(undo=[*UNDO, UndoStep("polish", "polishing", 1.0)]),
            "polish: a stage of the rollback that undoes no step.",
            id="stage-for-nothing",
        ),
        pytest.param(
            with_state("making", retry_at="held"),
            "making: a retry cannot start at held, which is no step.",
            id="retry-at-no-step",
        ),
        pytest.param(without_events("active", "release"), "active: nothing leads out.", id="dead-end"),
        pytest.param(
            WITHOUT_A_WAY_FROM_FAILED, "failed (at making): nothing leads out.", id="failed-for-good"
        ),
        pytest.param(
            kind(
                transitions=[
                    *WITHOUT_A_WAY_FROM_FAILED.transitions,
                    Transition("mend", ("failed",), "pending"),
                ]
            ),
            "failed (at making): no verb of a person leads out.",
            id="only-the-daemon-leads-out",
        ),
        pytest.param(
            without_events("rolled_back", "retry"),
            "rolled_back: nothing leads out.",
            id="rolled-back-for-good",
        ),
        pytest.param(
            kind(transitions=[replace(m, at="pending") if "held" in m.sources else m for m in MOVES]),
            "held (at making): nothing leads out.",
            id="exit-for-another-step-only",
        ),
        pytest.param(
            kind(verbs=(*VERBS, DANCE)),
            "dance: a verb that no state takes.",
            id="verb-without-event",
        ),
        pytest.param(
            kind(verbs=(*VERBS, PROTECT)),
            "protect: a verb for a cluster, and this is a node.",
            id="verb-of-another-kind",
        ),
        pytest.param(
            kind(verbs=(*VERBS, dataclasses.replace(DANCE, protect=True))),
            "dance: protect and unprotect alone set the protection.",
            id="verb-that-protects",
        ),
        pytest.param(
            kind(verbs=(*VERBS[1:], dataclasses.replace(RETRY, forget=True))),
            "retry: a shared verb does the same everywhere; give another one another name.",
            id="another-verb-of-a-shared-name",
        ),
        pytest.param(
            kind(verbs=(*VERBS, dataclasses.replace(DANCE, name="Dance on", facts={"danced": True}))),
            "Dance on: a verb is a word in small letters.",
            id="verb-that-is-no-word",
        ),
        pytest.param(
            kind(
                transitions=(*MOVES, Transition("dance", ("active",), "rolling_back")),
                verbs=(*VERBS, DANCE),
            ),
            "dance: it leads back to nothing, and says that it never deletes.",
            id="verb-that-deletes-unsaid",
        ),
        pytest.param(
            kind(
                verbs=(
                    *VERBS,
                    dataclasses.replace(DANCE, facts={"danced": True}, prompt=Prompt("Dance?", "", "")),
                )
            ),
            "dance: it has no question, no promise, or no word for that it is accepted.",
            id="verb-without-a-promise",
        ),
        pytest.param(
            kind(
                verbs=(
                    *VERBS,
                    dataclasses.replace(
                        DANCE, facts={"danced": True}, prompt=Prompt("Dance?", "It turns.", "dances")
                    ),
                )
            ),
            "dance: its question does not name whom it is for.",
            id="verb-for-nobody",
        ),
        pytest.param(
            kind(verbs=(*VERBS, dataclasses.replace(DANCE, facts={"danced": True}, help=""))),
            "dance: it does not say what it does.",
            id="verb-unexplained",
        ),
        pytest.param(
            kind(verbs=(*VERBS, dataclasses.replace(DANCE, facts={"danced": True}, deletes="always"))),
            "dance: it deletes, and nobody consents to its plan.",
            id="verb-that-deletes-unasked",
        ),
        pytest.param(
            kind(verbs=(*VERBS, dataclasses.replace(DANCE, facts={"danced": True}, again=True))),
            "retry, dance: only one of them can be the verb that the daemon gives for “again”.",
            id="two-verbs-for-one-part",
        ),
        pytest.param(
            with_state("active", phase="splendid"),
            f"active: its phase splendid is not one of {', '.join(PHASES)}.",
            id="unknown-phase",
        ),
        pytest.param(with_state("active", title=" "), "active: it has no title.", id="no-title"),
        pytest.param(with_state("active", meaning=""), "active: it has no meaning.", id="no-meaning"),
    ],
)
def test_a_mistake_in_a_table_is_named(broken: Kind, sentence: str) -> None:
    assert sentence in problems(broken)


def test_a_compiled_table_that_is_not_the_machine_is_named() -> None:
    tampered = kind()
    tampered.table["failed", "making", "retry"] = "active"
    tampered.table["failed", "failed", "start"] = "making"
    del tampered.table["pending", "pending", "start"]
    said = problems(tampered)
    assert "failed (at making): retry leads to active by the table, to making by the machine." in said
    assert "pending (at pending): start leads to None by the table, to making by the machine." in said
    assert "failed (at failed): start leads to making by the table, to None by the machine." in said


def test_the_walk_knows_at_which_step_a_record_stands() -> None:
    assert standings(kind()) == {
        ("pending", "pending"),
        ("making", "making"),
        ("active", None),
        ("failed", "making"),
        ("held", "pending"),
        ("held", "making"),
        ("rolling_back", "unmake"),
        ("rolled_back", None),
        ("rollback_blocked", "unmake"),
    }
