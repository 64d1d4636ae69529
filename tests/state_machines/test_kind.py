"""What a kind answers is what its table says, and nobody can be led to where there is no way on."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon import wire
from daemon.engine import transitions
from daemon.engine.limits import Limits
from state_machines import ibm_nutanix, kind
from state_machines.check import LEFT_BY_A_PERSON, standings
from state_machines.kind import ROLLING_BACK, IllegalEvent, Kind
from state_machines.lifecycle import retry_from
from state_machines.record import Record
from state_machines.verbs import SHARED

KINDS = [pytest.param(ibm_nutanix.NODE, id="node"), pytest.param(ibm_nutanix.CLUSTER, id="cluster")]
NODE = ibm_nutanix.NODE
CLUSTER = ibm_nutanix.CLUSTER


@pytest.mark.parametrize("subject", KINDS)
def test_the_compiled_table_is_what_the_machine_answers(subject: Kind) -> None:
    steps = (None, *subject.states, *(undo.name for undo in subject.undo))
    for at in product(subject.states, steps, subject.machine.events):
        asked = subject.ask(*at)
        assert subject.table.get(at) == asked, at
        assert subject.allows(*at) == (asked is not None), at
    assert {event for _, _, event in subject.table} == set(subject.machine.events)


@pytest.mark.parametrize("subject", KINDS)
def test_an_event_that_is_not_legal_raises_the_sentence_for_a_person(subject: Kind) -> None:
    with pytest.raises(IllegalEvent, match=r"^It is pending; advance is not possible now"):
        subject.next("pending", "pending", "advance")


def test_the_phases_of_the_tables_are_the_phases_on_the_wire() -> None:
    assert get_args(kind.Phase) == wire.PHASES == get_args(wire.Phase)


def test_the_verbs_of_the_tables_are_those_that_every_platform_has() -> None:
    assert {*NODE.verbs, *CLUSTER.verbs} == set(SHARED)


@pytest.mark.parametrize("subject", KINDS)
@given(data=st.data())
def test_no_row_of_legal_events_leads_to_where_there_is_no_way_on(subject: Kind, data: st.DataObject) -> None:
    record = Record("it", subject.name, "it", subject.initial, 0.0, step=subject.initial)
    possible = standings(subject)
    for _ in range(data.draw(st.integers(0, 40), label="length")):
        legal = sorted(e for e in subject.machine.events if subject.allows(record.state, record.step, e))
        assert legal, f"nothing leads out of {record.state} at {record.step}"
        if subject.states[record.state].phase in LEFT_BY_A_PERSON:
            assert subject.persons() & set(legal), f"a person is stuck in {record.state} at {record.step}"
        assert (record.state, record.step) in possible
        record = _moved(record, subject, data.draw(st.sampled_from(legal), label="event"), data)


def _moved(record: Record, subject: Kind, event: str, data: st.DataObject) -> Record:
    """The record after an event, as the engine commits it."""
    verb, _, step = event.partition(" from ")
    if verb in subject.verbs or event == "release":
        return transitions.carried_out(record, subject, verb, {"step": step} if step else {}, 0.0, Limits())
    if event == "released":
        stages = data.draw(st.integers(0, len(subject.undo)), label="stages done before")
        while stages and record.step and (undo := subject.next_undo(record.step)):
            record, stages = transitions.next_undo(record, undo, 0.0, Limits()), stages - 1
    return transitions.entered(record, subject, subject.next(record.state, record.step, event), 0.0, Limits())


@pytest.mark.parametrize(
    ("subject", "state", "event", "sentence"),
    [
        pytest.param(NODE, "failed", "resume", "It is failed; resume is for what is held.", id="one"),
        pytest.param(
            NODE,
            "ready",
            "retry",
            "It is ready; retry is for what is failed, rolled back or rollback blocked.",
            id="three",
        ),
        pytest.param(
            NODE,
            "rolled_back",
            "release",
            "It is rolled back; release is not possible while rolling back or rolled back.",
            id="all-but-two",
        ),
        pytest.param(
            CLUSTER,
            "rolling_back",
            "destroy",
            "It is rolling back; destroy is not possible while rolling back.",
            id="all-but-one",
        ),
        pytest.param(
            CLUSTER,
            "rolling_back",
            "change",
            "It is rolling back; another spec is not possible now.",
            id="no-verb",
        ),
    ],
)
def test_a_refused_verb_says_when_it_would_be_taken(
    subject: Kind, state: str, event: str, sentence: str
) -> None:
    assert subject.why_not(state, event) == sentence


@pytest.mark.parametrize(
    ("words", "sentence"),
    [([], ""), (["a"], "a"), (["a", "b"], "a or b"), (["a", "b", "c"], "a, b or c")],
)
def test_a_list_reads_as_a_person_would_say_it(words: list[str], sentence: str) -> None:
    assert kind._either(words) == sentence


@pytest.mark.parametrize(
    ("state", "step", "place"),
    [
        pytest.param("pending", "pending", (0, 9), id="not-begun"),
        pytest.param("reserving_ips", "reserving_ips", (1, 9), id="first-step"),
        pytest.param("awaiting_cvm", "awaiting_cvm", (9, 9), id="last-step"),
        pytest.param("ready", None, (9, 9), id="finished"),
        pytest.param("active", None, (9, 9), id="active"),
        pytest.param("failed", "creating_server", (5, 9), id="failed-where-it-stood"),
        pytest.param("held", "pending", (0, 9), id="held-before-it-began"),
        pytest.param("rolling_back", "delete_dns", (1, 5), id="first-stage-of-the-rollback"),
        pytest.param("rollback_blocked", "release_ips", (4, 5), id="blocked-where-it-stood"),
        pytest.param("rolling_back", None, (0, 5), id="rollback-not-begun"),
        pytest.param("rolled_back", None, (0, 9), id="nothing-left"),
    ],
)
def test_a_record_knows_how_far_along_it_is(state: str, step: str | None, place: tuple[int, int]) -> None:
    assert NODE.place(state, step) == place


@pytest.mark.parametrize("subject", KINDS)
def test_a_rollback_goes_through_every_stage_once_and_ends(subject: Kind) -> None:
    seen: list[str] = []
    undo = subject.next_undo(None)
    while undo is not None:
        assert subject.undo_step(undo.name) is undo
        seen.append(undo.name)
        undo = subject.next_undo(undo.name)
    assert seen == [stage.name for stage in subject.undo]


def test_the_server_goes_before_what_it_stands_on() -> None:
    stages = [undo.name for undo in NODE.undo]
    assert stages.index("delete_server") < stages.index("delete_vnis") < stages.index("release_ips")
    assert stages[-1] == "forget_config"


def test_a_kind_without_anything_to_undo_has_no_first_stage() -> None:
    bare = Kind("bare", "node", CLUSTER.states.values(), CLUSTER.transitions, (), CLUSTER.verbs.values())
    assert bare.next_undo(None) is None
    with pytest.raises(KeyError, match="release_nodes"):
        bare.undo_step("release_nodes")


@pytest.mark.parametrize("subject", KINDS)
def test_a_retry_starts_at_the_step_that_failed_or_where_that_step_says(subject: Kind) -> None:
    for step in subject.steps:
        assert subject.next("failed", step, "retry") == (subject.states[step].retry_at or step)
        assert subject.next("held", step, "resume") == step


@pytest.mark.parametrize("subject", KINDS)
def test_a_retry_from_a_chosen_step_begins_where_a_retry_of_that_step_does(subject: Kind) -> None:
    """Else what was reported before decides it again, and nothing was tried."""
    for at, step in product(subject.steps, subject.steps):
        for state in ("failed", "held"):
            if subject.allows(state, at, retry_from(step)):
                assert subject.next(state, at, retry_from(step)) == subject.next("failed", step, "retry")


@pytest.mark.parametrize("subject", KINDS)
def test_an_active_one_is_only_changed_replaced_or_taken_back_whole(subject: Kind) -> None:
    legal = {event for event in subject.machine.events if subject.allows("active", None, event)}
    assert legal == ({"release", "replace"} if subject.role == "node" else {"destroy", "change"})
    taking_back = "release" if subject.role == "node" else "destroy"
    assert subject.next("active", None, taking_back) == ROLLING_BACK


@pytest.mark.parametrize("subject", KINDS)
@pytest.mark.parametrize("state", ["failed", "held"])
def test_a_retry_begins_at_any_step_that_was_reached_and_at_none_ahead(subject: Kind, state: str) -> None:
    for reached, at in enumerate(subject.steps):
        allowed = [step for step in subject.steps if subject.allows(state, at, retry_from(step))]
        assert allowed == list(subject.steps[: reached + 1])
