"""Whatever happens to a node or a cluster, in whatever order: it never comes to a place without a way out."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from state_machines.check import LEFT_BY_A_PERSON, Standing, standings
from state_machines.ibm_nutanix import CLUSTER, NODE
from state_machines.kind import ROLLING_BACK, IllegalEvent, Kind

KINDS = (NODE, CLUSTER)
ENDS = ("ok", "released")
"""Phases in which a record may stay: it is done, or it is gone."""

events = st.lists(st.integers(0, 10_000), max_size=60)


def follow(kind: Kind, at: Standing, event: str) -> Standing:
    """Where a record stands after an event, as the engine keeps its step. Raises IllegalEvent."""
    state, step = at
    there = kind.next(state, step, event)
    if there == ROLLING_BACK:
        blocked = state == "rollback_blocked" and event == "retry"
        return there, step if blocked else kind.undo[0].name
    if kind.states[there].work or there == kind.initial:
        return there, there
    return there, None if kind.states[there].phase in ENDS else step


def onward(kind: Kind, at: Standing) -> Standing:
    """One stage of the rollback further, which is no event of the table."""
    following = kind.next_undo(at[1]) if at[0] == ROLLING_BACK else None
    return at if following is None else (at[0], following.name)


def legal(kind: Kind, at: Standing) -> list[str]:
    return sorted(event for event in kind.machine.events if kind.allows(*at, event))


def check_way_out(kind: Kind, at: Standing) -> None:
    state, step = at
    out = legal(kind, at)
    assert out, f"nothing leads out of {state} at {step}"
    if kind.states[state].phase in LEFT_BY_A_PERSON:
        assert set(out) & kind.persons(), f"no verb of a person leads out of {state} at {step}"
    if kind.states[state].work:
        assert "fail" in out and "advance" in out, f"{state} can neither fail nor go on"
        assert (kind.states[state].deadline or 0) > 0, f"{state} may last for ever"
    if state == ROLLING_BACK:
        assert {"released", "blocked"} <= set(out)
        assert kind.undo_step(str(step)).deadline > 0


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.role)
@settings(max_examples=300, deadline=None, database=None)
@given(chosen=events)
def test_random_events_never_lead_to_a_place_without_a_way_out(kind: Kind, chosen: list[int]) -> None:
    at: Standing = (kind.initial, kind.initial)
    known = standings(kind)
    for number in chosen:
        check_way_out(kind, at)
        assert at in known, f"{at} is a place that the linter does not look at"
        choices = legal(kind, at)
        at = onward(kind, at) if number % 7 == 0 else follow(kind, at, choices[number % len(choices)])
    check_way_out(kind, at)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.role)
@settings(max_examples=200, deadline=None, database=None)
@given(data=st.data())
def test_an_event_that_is_not_legal_changes_nothing_and_says_why(kind: Kind, data: Any) -> None:
    at = data.draw(st.sampled_from(sorted(standings(kind), key=str)))
    event = data.draw(st.sampled_from(sorted(kind.machine.events)))
    if kind.allows(*at, event):
        assert follow(kind, at, event)[0] in kind.states
        return
    assert kind.ask(*at, event) is None
    with pytest.raises(IllegalEvent, match=r"It is .+\."):
        kind.next(*at, event)


def reaches(kind: Kind, start: Standing, wanted: set[str], allowed: set[str]) -> bool:
    """Whether one of the states can be come to by these events alone."""
    seen, coming = {start}, deque([start])
    while coming:
        at = coming.popleft()
        if at[0] in wanted:
            return True
        near = [follow(kind, at, event) for event in legal(kind, at) if event in allowed]
        for there in (*near, onward(kind, at)):
            if there not in seen:
                seen.add(there)
                coming.append(there)
    return False


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.role)
def test_from_everywhere_there_is_a_way_to_be_done_and_a_way_back_to_nothing(kind: Kind) -> None:
    for at in standings(kind):
        every = set(kind.machine.events)
        assert reaches(kind, at, {"active"}, every), f"{at} never comes to active"
        assert reaches(kind, at, {"rolled_back"}, every), f"{at} never comes to nothing"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.role)
def test_what_works_comes_to_an_end_by_itself_whatever_the_world_answers(kind: Kind) -> None:
    """Without a person, neither `advance` nor `fail`, in whatever order, can keep it going round."""
    own = {"advance", "fail", "released", "blocked"}
    for start in standings(kind):
        at, stays = start, 0
        for _ in range(len(kind.states) + len(kind.undo) + 1):
            choices = [event for event in legal(kind, at) if event in own]
            if not choices:
                stays = 1
                break
            forward = [event for event in choices if event in ("advance", "released")]
            at = follow(kind, at, forward[0]) if forward else at
        assert stays, f"from {start} it goes on for ever by itself"
