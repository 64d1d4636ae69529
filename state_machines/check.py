"""Reads a table as a careful colleague would and says everything that would strand a record one day."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from typing import get_args

from state_machines.kind import NO_RETURN, NOTHING, ROLLING_BACK, SHORT, Kind, Nature, Phase, State
from state_machines.verbs import COMMANDS_TAKEN, PARTS, PROTECTIONS, SHARED

LEFT_BY_A_PERSON: tuple[Phase, ...] = ("attention", "failed", "released")
"""Phases in which nothing moves by itself: a verb of a person must lead out."""

_WORDS = ("does", "prompt", "at_step", "help", "brief")
"""What a platform may say of a shared verb in words of its own."""

Standing = tuple[str, str | None]
"""Where a record can be: its state and its step."""


def problems(kind: Kind) -> list[str]:
    """Everything wrong with a kind, one sentence each; empty when nothing is."""
    return [problem for rule in RULES for problem in rule(kind)]


def standings(kind: Kind) -> set[Standing]:
    """Every place a record of the kind can come to from its first state, by whatever events."""
    found: set[Standing] = set()
    coming: list[Standing] = [(kind.initial, kind.initial)]
    while coming:
        here = coming.pop()
        if here in found:
            continue
        found.add(here)
        for event in kind.machine.events:
            dest = kind.table.get((*here, event))
            if dest is not None:
                coming += [(dest, step) for step in _steps_in(kind, dest, here[1])]
    return found


def _steps_in(kind: Kind, state: str, before: str | None) -> list[str | None]:
    """The steps a record may stand at in a state it entered with the step ``before``."""
    if state == ROLLING_BACK:
        return [undo.name for undo in kind.undo] or [None]
    if kind.states[state].work or state == kind.initial:
        return [state]
    if kind.states[state].phase in ("ok", "released"):
        return [None]
    return [before]


def _every_state_is_reached(kind: Kind) -> Iterator[str]:
    reached = {state for state, _ in standings(kind)}
    for name in kind.states:
        if name not in reached:
            yield f"{name}: no way leads here from {kind.initial}."


def _every_state_is_explained(kind: Kind) -> Iterator[str]:
    for state in kind.states.values():
        if state.phase not in get_args(Phase):
            yield f"{state.name}: its phase {state.phase} is not one of {', '.join(get_args(Phase))}."
        if not state.title.strip():
            yield f"{state.name}: it has no title."
        if not state.meaning.strip():
            yield f"{state.name}: it has no meaning."


def _every_step_has_a_short_title(kind: Kind) -> Iterator[str]:
    for state in _steps(kind):
        if len(state.brief) > SHORT:
            yield f"{state.name}: “{state.brief}” has more than {SHORT} letters: give it a short title (short)."
        if state.nature not in get_args(Nature):
            yield f"{state.name}: its nature {state.nature} is not one of {', '.join(get_args(Nature))}."


def _every_step_ends(kind: Kind) -> Iterator[str]:
    for state in _steps(kind):
        if state.deadline is None or state.deadline <= 0:
            yield f"{state.name}: a step runs here without a deadline."
        if not kind.allows(state.name, state.name, "fail"):
            yield f"{state.name}: its deadline leads nowhere, for there is no way to fail."
    for undo in kind.undo:
        if undo.deadline <= 0:
            yield f"{undo.name}: a stage of the rollback without a deadline."


def _every_step_is_undone(kind: Kind) -> Iterator[str]:
    stages = {undo.name for undo in kind.undo}
    named = {state.undo for state in _steps(kind)}
    for state in _steps(kind):
        if state.undo is None:
            yield f"{state.name}: it says neither what undoes it, nor {NOTHING}, nor {NO_RETURN}."
        elif state.undo not in {NOTHING, NO_RETURN, *stages}:
            yield f"{state.name}: its undo {state.undo} is no stage of the rollback."
    for undo in kind.undo:
        if undo.name not in named:
            yield f"{undo.name}: a stage of the rollback that undoes no step."


def _every_retry_starts_at_a_step(kind: Kind) -> Iterator[str]:
    for state in kind.states.values():
        if state.retry_at is not None and state.retry_at not in kind.steps:
            yield f"{state.name}: a retry cannot start at {state.retry_at}, which is no step."
        elif state.retry_at is not None and not kind.states[state.retry_at].again:
            yield f"{state.name}: a retry starts at {state.retry_at}, and nothing says what that does ('again')."


def _every_state_has_an_exit(kind: Kind) -> Iterator[str]:
    for state, step in sorted(standings(kind), key=lambda at: (list(kind.states).index(at[0]), at[1] or "")):
        out = {event for event in kind.machine.events if kind.allows(state, step, event)}
        where = f"{state} (at {step})" if step not in (None, state) else state
        if not out:
            yield f"{where}: nothing leads out."
        elif kind.states[state].phase in LEFT_BY_A_PERSON and not out & kind.persons():
            yield f"{where}: no verb of a person leads out."


def _every_verb_is_an_event(kind: Kind) -> Iterator[str]:
    for name, verb in kind.verbs.items():
        if not kind.leads(name) and verb.protect is None and not verb.facts:
            yield f"{name}: a verb that no state takes."


def _every_verb_is_what_its_row_says(kind: Kind) -> Iterator[str]:
    for name, verb in kind.verbs.items():
        if verb.whom not in (kind.role, "both"):
            yield f"{name}: a verb for a {verb.whom}, and this is a {kind.role}."
        if verb.protect is not None and name not in PROTECTIONS:
            yield f"{name}: {' and '.join(PROTECTIONS)} alone set the protection."
        shared = SHARED.get(name)
        if shared is not None and replace(verb, **{key: getattr(shared, key) for key in _WORDS}) != shared:
            yield f"{name}: a shared verb does the same everywhere; give another one another name."
        if not re.fullmatch("[a-z][a-z-]*", name):
            yield f"{name}: a verb is a word in small letters."
        if name in COMMANDS_TAKEN:
            yield f"{name}: this is a command of nxd already; give the verb another name."
        back = any(row.dest == ROLLING_BACK for row in kind.transitions if row.event == name)
        if back and verb.deletes == "never":
            yield f"{name}: it leads back to nothing, and says that it never deletes."


def _no_two_verbs_have_one_part(kind: Kind) -> Iterator[str]:
    for part, has in PARTS.items():
        names = [name for name, verb in kind.verbs.items() if has(verb)]
        if len(names) > 1:
            yield f"{', '.join(names)}: only one of them can be the verb that the daemon gives for “{part}”."


def _every_verb_is_asked_for(kind: Kind) -> Iterator[str]:
    for name, verb in kind.verbs.items():
        for prompt in (verb.prompt, verb.at_step) if verb.step else (verb.prompt,):
            if prompt is None or not (prompt.question and prompt.promise and prompt.accepted):
                yield f"{name}: it has no question, no promise, or no word for that it is accepted."
            elif "{}" not in prompt.question:
                yield f"{name}: its question does not name whom it is for."
        if not verb.does.strip() or not verb.help.strip():
            yield f"{name}: it does not say what it does."
        if verb.deletes == "always" and verb.consent not in ("plan", "name"):
            yield f"{name}: it deletes, and nobody consents to its plan."


def _the_table_is_what_the_machine_answers(kind: Kind) -> Iterator[str]:
    """The machine is asked at every step only where one of its own rows has a condition: elsewhere it knows no step."""
    steps = (None, *kind.states, *(undo.name for undo in kind.undo))
    for state, event in product(kind.states, kind.machine.events):
        rows = kind.machine.events[event].transitions.get(state, ())
        conditional = any(row.conditions for row in rows)
        general = None if conditional else kind.ask(state, None, event)
        for step in steps:
            said = kind.table.get((state, step, event))
            meant = kind.ask(state, step, event) if conditional else general
            if said != meant:
                yield f"{state} (at {step}): {event} leads to {said} by the table, to {meant} by the machine."


def _steps(kind: Kind) -> list[State]:
    """The states in which a step runs, or which say that one does."""
    return [state for state in kind.states.values() if state.work or state.phase == "working"]


RULES: tuple[Callable[[Kind], Iterator[str]], ...] = (
    _every_state_is_reached,
    _every_state_is_explained,
    _every_step_has_a_short_title,
    _every_step_ends,
    _every_step_is_undone,
    _every_retry_starts_at_a_step,
    _every_state_has_an_exit,
    _every_verb_is_an_event,
    _every_verb_is_what_its_row_says,
    _no_two_verbs_have_one_part,
    _every_verb_is_asked_for,
    _the_table_is_what_the_machine_answers,
)
