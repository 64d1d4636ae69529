"""What goes on in a state, in a word that every screen can draw: a step by its table, any other state by its phase."""

from __future__ import annotations

from typing import Literal

from state_machines.kind import Kind, State

Nature = Literal["cloud", "waits", "machine", "pending", "ready", "well", "stopped", "undone", "released"]

_OTHERS: dict[str, Nature] = {
    "waiting": "pending",
    "attention": "stopped",
    "failed": "stopped",
    "releasing": "undone",
    "released": "released",
}


def nature_of(kind: Kind, state: State) -> Nature:
    """What a state mostly is: for a step what its table says, for any other what its phase comes to. Of several states
    in which all is well the last is the end of the way."""
    if state.work and state.phase == "working":
        return state.nature
    if state.phase == "ok":
        well = [one.name for one in kind.states.values() if one.phase == "ok"]
        return "well" if state.name == well[-1] else "ready"
    return _OTHERS.get(state.phase, state.nature)
