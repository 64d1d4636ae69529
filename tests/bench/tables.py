"""One change of state: looked up in the compiled table, or triggered on the library's own asynchronous machine."""

from __future__ import annotations

import asyncio
import statistics
import time

from figures import Figure
from transitions.extensions.asyncio import AsyncMachine

from state_machines.ibm_nutanix import NODE

LOOKUPS = 200_000
TRIGGERS = 5_000
ROUNDS = 5


class _Node:
    """What the machine moves."""

    state = "a"


def _looked_up() -> float:
    """Changes of state a second, by the table."""
    kind, state = NODE, NODE.steps[0]
    begun = time.perf_counter()
    for _ in range(LOOKUPS):
        kind.next(state, state, "advance")
    return LOOKUPS / (time.perf_counter() - begun)


async def _triggered() -> float:
    """Changes of state a second, by a machine of as many states that is shared and bound to nobody."""
    names = list(NODE.states)
    machine = AsyncMachine(model=None, states=names, initial=names[0], auto_transitions=False)
    machine.add_ordered_transitions(trigger="advance")
    node, advance = _Node(), machine.events["advance"]
    node.state = names[0]
    begun = time.perf_counter()
    for _ in range(TRIGGERS):
        await advance.trigger(node)
    return TRIGGERS / (time.perf_counter() - begun)


def tables() -> list[Figure]:
    """G6."""
    pairs = [(_looked_up(), asyncio.run(_triggered())) for _ in range(ROUNDS)]
    table, machine = (statistics.median(column) for column in zip(*pairs, strict=True))
    return [
        Figure("engine.moves_per_second", table, "changes of state/s"),
        Figure("engine.moves_over_machine", table / machine, "x AsyncMachine's trigger", 50.0, "higher", 3.0),
    ]
