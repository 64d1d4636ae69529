"""How long the daemon itself has held its records up, by its limits of calls and of turns.

A deadline is for what is waited for outside. In a full house, or where a rehearsal lets time pass faster than this
machine can work, a step may spend it in line for a turn or a call; that time is given back when the deadline is over.
"""

from __future__ import annotations

from msgspec.structs import replace

from state_machines.record import Record

LEAST = 1.0
"""Seconds of a turn that are worth being counted."""


class Delays:
    """The time of each record's present step that was ours. It is forgotten when the daemon ends: its steps begin
    anew then, and only a deadline that has been put off is written down."""

    def __init__(self) -> None:
        self._of: dict[str, tuple[float, float]] = {}

    def add(self, record: Record, seconds: float) -> None:
        """A turn of the record was held up for so long."""
        if seconds < LEAST or record.deadline is None:
            return
        since, before = self._of.get(record.name, (record.since, 0.0))
        self._of[record.name] = record.since, seconds + (before if since == record.since else 0.0)

    def forget(self, record: Record) -> None:
        """The step in which the record stood is over."""
        if self._of.get(record.name, (None,))[0] == record.since:
            del self._of[record.name]

    def spared(self, record: Record, now: float) -> Record:
        """The record, with its deadline put off by the time that was ours if it is over otherwise."""
        if record.deadline is None or now < record.deadline or record.name not in self._of:
            return record
        since, seconds = self._of.pop(record.name)
        return replace(record, deadline=record.deadline + seconds) if since == record.since else record
