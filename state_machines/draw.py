"""Draws a kind as a Mermaid diagram and tells it as a page, both from the table the engine works by."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from state_machines.kind import NO_RETURN, NOTHING, Kind, State

STEPS = "steps"
"""The box that holds all states in which a step runs; what all of them share is drawn once, from the box."""

HEAD = """# The states

What a node and a cluster go through, drawn from the tables in `state_machines/`.
`NXD_UPDATE_DOCS=1 pytest tests/state_machines/test_draw.py` writes this page anew.

- The phase is what a state means, whatever the platform; the terminal UI draws by it alone.
- The deadline is the one `nxd` ships; a spec may give a step another one under `deadlines`. A step whose
  deadline is over fails, a stage of a rollback is blocked. The time for which the daemon's own limits of calls
  held it up is not counted.
- In the diagrams the verbs of a person stand among the daemon's own events; the line under each state parts
  them. An arrow back into the box of the steps leads to the step that the record stood at.
- A retry of what is failed or held may also begin at any step it has been through (`nxd retry --from STATE`);
  it begins where a retry of that step does.
"""

Edges = dict[tuple[str, str], list[str]]
"""Source and destination → the events that lead there, in the order of the table."""


def diagram(kind: Kind) -> str:
    """The kind as Mermaid ``stateDiagram-v2`` text: the main line first, then whatever leaves it."""
    inner, outer = _edges(kind)
    lines = ["stateDiagram-v2", f"    [*] --> {kind.initial}"]
    lines += [f"    {_named(state)}" for state in kind.states.values() if not state.work]
    lines += [f'    state "step by step" as {STEPS} {{', f"        [*] --> {kind.steps[0]}"]
    lines += [f"        {_named(kind.states[step])}" for step in kind.steps]
    lines += [f"        {line}" for line in _drawn(inner)]
    lines += [f"        {kind.steps[-1]} --> [*]", "    }"]
    main = {pair: outer.pop(pair) for pair in _main_line(kind) if pair in outer}
    lines += [f"    {line}" for line in (*_drawn(main), *_drawn(outer))]
    return "\n".join(lines) + "\n"


def page(kinds: Iterable[Kind]) -> str:
    """The documentation of several kinds in Markdown: for each the diagram, and a paragraph per state."""
    return "\n".join([HEAD, *(_chapter(kind) for kind in kinds)])


def in_words(seconds: float) -> str:
    """``45 seconds``, ``1 minute``, ``1 hour 30 minutes``; never less than a second."""
    hours, rest = divmod(max(1, round(seconds)), 3600)
    minutes, left = divmod(rest, 60)
    parts = ((hours, "hour"), (minutes, "minute"), (left, "second"))
    return " ".join(f"{n} {unit}{'' if n == 1 else 's'}" for n, unit in parts if n)


def _named(state: State) -> str:
    return f'state "{state.title}" as {state.name}'


def _drawn(edges: Edges) -> list[str]:
    return [f"{source} --> {dest}: {', '.join(events)}" for (source, dest), events in edges.items()]


def _main_line(kind: Kind) -> list[tuple[str, str]]:
    """The way of a record that meets no trouble, as pairs of what is drawn."""
    joined = {(source, row.dest) for row in kind.transitions if row.at is None for source in row.sources}
    pairs: list[tuple[str, str]] = []
    for pair in pairwise(kind.states):
        if pair not in joined:
            break
        pairs.append((_box(kind, pair[0]), _box(kind, pair[1])))
    return pairs


def _box(kind: Kind, state: str) -> str:
    return STEPS if state in kind.steps else state


def _edges(kind: Kind) -> tuple[Edges, Edges]:
    """What is drawn inside the box of the steps, and what outside of it."""
    inner: Edges = {}
    outer: Edges = {}
    for row in kind.transitions:
        if row.verb:
            continue
        for source in _sources(kind, row.sources, row.dest):
            if source in kind.steps and row.dest in kind.steps:
                edges, pair = inner, (source, row.dest)
            else:
                edges, pair = outer, (source, _box(kind, row.dest))
            events = edges.setdefault(pair, [])
            if row.event not in events:
                events.append(row.event)
    return inner, outer


def _sources(kind: Kind, sources: tuple[str, ...], dest: str) -> list[str]:
    """The sources of a move as drawn: the box for all the steps, or for the last one that leaves it."""
    steps = [source for source in sources if source in kind.steps]
    leaves = dest not in kind.steps and steps in ([*kind.steps], [kind.steps[-1]])
    return list(dict.fromkeys(_box(kind, source) if leaves else source for source in sources))


def _chapter(kind: Kind) -> str:
    verbs = [f"- `{verb.name}`: {verb.does}" for verb in kind.verbs.values()]
    stages = [f"{n}. {undo.title}, within {in_words(undo.deadline)}" for n, undo in enumerate(kind.undo, 1)]
    parts = [
        f"## A {kind.role} of {kind.name.partition('.')[0]}\n",
        f"```mermaid\n{diagram(kind)}```\n",
        "The verbs of a person:\n",
        "\n".join(verbs) + "\n",
        "The stages of a rollback:\n",
        "\n".join(stages) + "\n",
        *(_paragraph(kind, state) for state in kind.states.values()),
    ]
    return "\n".join(parts)


def _paragraph(kind: Kind, state: State) -> str:
    events = dict.fromkeys(
        row.event for row in kind.transitions if state.name in row.sources and not row.verb
    )
    facts = [f"phase {state.phase}"]
    if state.deadline is not None:
        facts.append(f"deadline {in_words(state.deadline)}")
    if state.undo is not None:
        facts.append(f"undo: {_undo(kind, state.undo)}")
    if state.retry_at is not None:
        facts.append(f"a retry starts at *{kind.states[state.retry_at].title}*")
    facts.append(f"a person's verbs: {_listed([event for event in events if event in kind.verbs])}")
    facts.append(f"the daemon's events: {_listed([event for event in events if event not in kind.verbs])}")
    return f"### {state.title}\n\n{state.meaning}\n\n`{state.name}` · {' · '.join(facts)}\n"


def _undo(kind: Kind, undo: str) -> str:
    if undo == NOTHING:
        return "nothing is made here"
    if undo == NO_RETURN:
        return "none by itself, only with everything else"
    return kind.undo_step(undo).title


def _listed(events: list[str]) -> str:
    return ", ".join(f"`{event}`" for event in events) or "none"
