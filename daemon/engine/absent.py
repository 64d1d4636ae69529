"""Records of a platform that is not switched on here, or not installed: they are shown as they are and left alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from daemon.memory.mirror import Mirror
from daemon.platforms.base import Check, Planned, Platform, Seed
from daemon.words import absence
from state_machines.kind import ROLLING_BACK, Kind, State, UndoStep
from state_machines.lifecycle import ENDS
from state_machines.objects import ObjectKind
from state_machines.outcome import Remedy
from state_machines.record import Record


class Others(Struct, frozen=True):
    """The platforms beside those that are switched on, by name: which are ``installed``, which ever were beside this
    ledger (``seen``), and which the settings ``named`` although they are not there."""

    installed: Collection[str] = ()
    seen: Collection[str] = ()
    named: Collection[str] = ()

    def absence(self, platform: str) -> tuple[str, str]:
        """Why nobody can work with one, and what brings it back."""
        return absence(platform, platform in self.installed, platform in self.named)


NO_OTHERS = Others()
"""Where nothing is known of any but those that are switched on."""


class Absent(Platform):
    """Stands for a platform that is not there: it does nothing, and says why nothing can be done."""

    steps: Mapping[str, Any] = {}
    undo: Mapping[str, Any] = {}
    objects: Mapping[str, ObjectKind] = {}

    def __init__(self, name: str, why: str, todo: str) -> None:
        self.name = name
        self.why = f"Its platform {why}."
        self.remedy = Remedy("outside", f"{todo[:1].upper()}{todo[1:]}.")

    def seeds(self, spec: Mapping[str, Any]) -> Sequence[Seed]:
        return ()

    def planned(self, spec: Mapping[str, Any]) -> Sequence[Planned]:
        return ()

    async def preflight(self, spec: Mapping[str, Any], mirror: Mirror) -> Sequence[Check]:
        return ()


class _Any(dict[str, State]):
    """States of which nothing is known but their names, beside those that every kind has."""

    def __missing__(self, name: str) -> State:
        shared = next((one for one in ENDS if one.name == name), None)
        if shared is not None:
            return replace(shared, phase="attention")
        return State(
            name,
            "attention",
            name.replace("_", " "),
            "Its platform is not switched on here, or not installed.",
        )


def kind_of(name: str, records: Iterable[Record]) -> Kind:
    """Tables for records of a kind whose own are not there: every state may be, none leads on, no verb is legal."""
    alike = [record for record in records if record.kind == name]
    states = dict.fromkeys(record.state for record in alike)
    stages = dict.fromkeys(one.step for one in alike if one.state == ROLLING_BACK and one.step is not None)
    role: Literal["node", "cluster"] = "node"
    if any(record.name == record.shard for record in alike):
        role = "cluster"
    undo = [UndoStep(step, f"rolling back ({step.replace('_', ' ')})", 0.0) for step in stages]
    kind = Kind(name, role, [_Any()[state] for state in states], (), undo, ())
    kind.states = _Any(kind.states)
    return kind
