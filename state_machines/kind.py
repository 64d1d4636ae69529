"""A kind of record: its states as data, compiled through ``transitions`` into one table of what may follow.

``transitions`` is imported here and nowhere else. One ``Machine`` serves all records of a kind; none is bound
to it, because a machine per record costs 74 kB and binding costs time in every state change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from msgspec import Struct
from transitions import EventData, Machine, MachineError

from state_machines.verbs import EVENTS, PARTS, Part, Prompt, Verb

Phase = Literal["waiting", "working", "ok", "attention", "failed", "releasing", "released"]

Nature = Literal["cloud", "waits", "machine"]
"""What a step mostly is: calls to a service, a wait for a machine to show itself, or the work of a machine."""

SHORT = 14
"""Cells that the short title of a state may take."""

NOTHING = "nothing"
"""An ``undo`` for a state that makes nothing outside."""

NO_RETURN = "no return"
"""An ``undo`` for a state whose work cannot be taken back by itself; what undoes it is a later compensation."""

ROLLING_BACK = "rolling_back"

_NO_MORE = Verb("", "", Prompt("", "", ""))


class State(Struct, frozen=True):
    """One state. ``deadline`` is in seconds; ``undo`` names the undo step that takes back what is made here.

    ``work`` marks a state in which a step runs. ``retry_at`` is where a retry starts, if not here. ``outlasts`` says
    what goes on outside by itself while a record is held here. ``again`` says what a retry that begins here does
    outside, and ``wipes`` what that destroys which is no object. ``short`` stands for the title where that has no room,
    ``nature`` says what its step mostly is.
    """

    name: str
    phase: Phase
    title: str
    meaning: str
    work: bool = False
    deadline: float | None = None
    undo: str | None = None
    retry_at: str | None = None
    outlasts: str = ""
    again: str = ""
    wipes: str = ""
    short: str = ""
    nature: Nature = "cloud"

    @property
    def brief(self) -> str:
        """Its title in at most ``SHORT`` cells, as far as its table gives one."""
        return self.short or self.title


class UndoStep(Struct, frozen=True):
    """One stage of a rollback, with its deadline in seconds; ``kinds`` are the kinds of objects that it takes back."""

    name: str
    title: str
    deadline: float
    kinds: tuple[str, ...] = ()


class Transition(Struct, frozen=True):
    """``event`` leads from each of ``sources`` to ``dest``, if given only for a record that stands ``at`` a step.

    ``verb`` is the verb of a person that this event is a variant of, where they are not the same word.
    """

    event: str
    sources: tuple[str, ...]
    dest: str
    at: str | None = None
    verb: str | None = None


class IllegalEvent(Exception):
    """The event is not legal in this state; the text says which states it needs."""


@dataclass(slots=True)
class _Place:
    """What the machine moves when the table is compiled: a place, and nothing more."""

    state: str
    step: str | None


def _is_at(step: str) -> Callable[[EventData], bool]:
    def condition(event: EventData) -> bool:
        standing: Any = event.model
        return bool(standing.step == step)

    return condition


class Kind:
    """The states of one kind of record, the way through them, and the verbs a person has."""

    def __init__(
        self,
        name: str,
        role: Literal["node", "cluster"],
        states: Iterable[State],
        transitions: Iterable[Transition],
        undo: Iterable[UndoStep],
        verbs: Iterable[Verb],
    ) -> None:
        self.name = name
        self.role = role
        self.states = {state.name: state for state in states}
        self.transitions = tuple(transitions)
        self.undo = tuple(undo)
        self.verbs = {verb.name: verb for verb in verbs}
        """The verbs of a person, by name, in the order in which they are offered."""
        self.parts: dict[Part, str] = {
            part: verb.name
            for verb in reversed(self.verbs.values())
            for part, has in PARTS.items()
            if has(verb)
        }
        """The verb that the daemon itself takes for each part; what a kind has no verb for is done to none of it."""
        self.steps = tuple(state.name for state in self.states.values() if state.work)
        self.initial = next(iter(self.states))
        self.machine = self._build()
        self.table = self.compile()
        self._reasons: dict[tuple[str, str], str] = {}

    def _build(self) -> Machine:
        rows: list[dict[str, Any]] = []
        for row in self.transitions:
            for source in row.sources:
                conditions = [_is_at(row.at)] if row.at else []
                rows.append(
                    {"trigger": row.event, "source": source, "dest": row.dest, "conditions": conditions}
                )
        return Machine(
            model=None,
            states=list(self.states),
            transitions=rows,
            initial=self.initial,
            auto_transitions=False,
            send_event=True,
        )

    def ask(self, state: str, step: str | None, event: str) -> str | None:
        """What the machine itself answers: the next state, or None where the event is not legal."""
        standing = _Place(state, step)
        try:
            moved = self.machine.events[event].trigger(standing)
        except MachineError:
            return None
        return standing.state if moved else None

    def compile(self) -> dict[tuple[str, str | None, str], str]:
        """Every answer of the machine, asked once: the hot path looks it up instead of building events.

        Where no move depends on the step, one answer stands for all steps.
        """
        table: dict[tuple[str, str | None, str], str] = {}
        everywhere = (None, *self.states, *(undo.name for undo in self.undo))
        at_steps: dict[tuple[str, str], list[str | None]] = {}
        for row in self.transitions:
            for source in row.sources:
                at_steps.setdefault((source, row.event), []).append(row.at)
        for (state, event), steps in at_steps.items():
            general = self.ask(state, None, event) if None in steps else None
            answers: dict[str | None, str | None] = dict.fromkeys(everywhere, general)
            answers.update({step: self.ask(state, step, event) for step in steps})
            table.update({(state, step, event): dest for step, dest in answers.items() if dest is not None})
        return table

    def next(self, state: str, step: str | None, event: str) -> str:
        """The state that follows. Raises IllegalEvent."""
        dest = self.table.get((state, step, event))
        if dest is None:
            raise IllegalEvent(self.why_not(state, event))
        return dest

    def allows(self, state: str, step: str | None, event: str) -> bool:
        """Whether the event is legal now."""
        return (state, step, event) in self.table

    def persons(self) -> set[str]:
        """Every event that a person can bring about."""
        return {row.event for row in self.transitions if (row.verb or row.event) in self.verbs}

    def effect(self, event: str) -> Verb:
        """What a verb, or an event of the daemon's own, does beside leading to a state."""
        return self.verbs.get(event) or EVENTS.get(event, _NO_MORE)

    def leads(self, event: str) -> bool:
        """Whether it is an event that leads to a state; other verbs only set what their row says."""
        return event in self.machine.events

    def why_not(self, state: str, event: str) -> str:
        """The sentence for a person whose verb is not legal now."""
        if (state, event) not in self._reasons:
            self._reasons[state, event] = self._reason(state, event)
        return self._reasons[state, event]

    def _reason(self, state: str, event: str) -> str:
        sources = {source for row in self.transitions if row.event == event for source in row.sources}
        titles = list(dict.fromkeys(self.states[name].title for name in self.states if name in sources))
        here, event = self.states[state].title, _CALLED.get(event, event)
        if not titles:
            return f"It is {here}; no state of a {self.role} takes {event}."
        if len(titles) > 4:
            others = [state.title for state in self.states.values() if state.name not in sources]
            when = f"while {_either(others)}" if len(others) <= 2 else "now"
            return f"It is {here}; {event} is not possible {when}."
        return f"It is {here}; {event} is for what is {_either(titles)}."

    def next_undo(self, step: str | None) -> UndoStep | None:
        """The stage of the rollback after ``step`` (the first one after None); None when nothing is left."""
        if step is None:
            return self.undo[0] if self.undo else None
        names = [undo.name for undo in self.undo]
        following = names.index(step) + 1
        return self.undo[following] if following < len(self.undo) else None

    def undo_step(self, name: str) -> UndoStep:
        """The stage of that name. Raises KeyError."""
        for undo in self.undo:
            if undo.name == name:
                return undo
        raise KeyError(name)

    def place(self, state: str, step: str | None) -> tuple[int, int]:
        """How far along a record is, as (n, m): steps begun and steps in all; of the rollback while it lasts."""
        if state in (ROLLING_BACK, "rollback_blocked"):
            names = [undo.name for undo in self.undo]
            return (names.index(step) + 1 if step in names else 0, len(names))
        here = state if state in self.steps else step
        if here in self.steps:
            return self.steps.index(here) + 1, len(self.steps)
        done = self.states[state].phase == "ok"
        return (len(self.steps) if done else 0, len(self.steps))


_CALLED = {"change": "another spec"}
"""What people call an event that is no verb of theirs."""


def _either(words: list[str]) -> str:
    """``a``, ``a or b``, ``a, b or c``."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} or {words[-1]}"
