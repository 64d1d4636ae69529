"""Reads the spec of a cluster back: its text, what became of its lines, and when it was applied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from daemon import wire
from daemon.engine.engine import Engine
from daemon.memory.journal import Journal
from daemon.requests.spec_marks import Stands, marks
from state_machines.record import Record

LOOKED_THROUGH = 500
"""So many verbs in the log are looked through for the last spec."""


class ReadBack:
    """Looks at the records, and at the log for who applied what."""

    def __init__(self, journal: Journal, engine: Engine) -> None:
        self._journal = journal
        self._engine = engine

    def text(self, cluster: Record) -> str:
        """The spec that is in force, or waits to be, as YAML that can be applied again, where its platform is there."""
        from daemon.requests.spec_text import kept_text, spec_text  # brings pydantic and yaml along

        plain, nodes = self._latest(cluster)
        absent = self._engine.situation(cluster).absent
        return kept_text(plain, nodes, absent) if absent else spec_text(plain, nodes)

    def _latest(self, cluster: Record) -> tuple[Mapping[str, Any], Mapping[str, Mapping[str, Any]]]:
        """The last spec that was applied, and the parts of its nodes."""
        mirror = self._journal.mirror
        waiting = [command.args for command in mirror.commands(cluster.name) if "spec" in command.args]
        nodes = {record.name: record.spec for record in mirror.members(cluster.name)}
        if waiting:
            nodes |= waiting[-1]["nodes"]
        return waiting[-1]["spec"] if waiting else cluster.spec, nodes

    def marks(self, cluster: Record, text: str, stands: Stands) -> list[wire.SpecMark]:
        """What became of the lines of that text."""
        nodes = {member.name: member for member in self._journal.mirror.members(cluster.name)}
        return marks(text, nodes, stands, cluster.spec, self._latest(cluster)[0])

    async def applied(self, cluster: Record) -> wire.SpecApplied | None:
        """When a spec of a cluster was applied last; None where the log does not tell. Raises StoreError."""
        said = await self._journal.events(record=cluster.name, kind="verb", limit=LOOKED_THROUGH, tail=True)
        for event in reversed(said):
            if event.message == applied_line(event.actor, cluster.name, event.message.rpartition(": ")[2]):
                return wire.SpecApplied(time=event.time, by=event.actor, revision=event.revision)
        return None


def applied_line(actor: str, cluster: str, nodes: str) -> str:
    """What the log says of a spec that was applied; ``nodes`` is how many it names, in words."""
    return f"{actor} applied the spec of {cluster}: {nodes}"
