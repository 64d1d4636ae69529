"""The boot server's book: who is expected comes from the mirror, what is reported goes into the journal."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from daemon import moves
from daemon.engine import Engine
from daemon.errors import StoreError
from daemon.journal import Journal
from daemon.secrets import SecretBox
from daemon.store.ops import AddEvent, AddSignal, Event, Op, Signal
from pxe.book import BookClosed, Guest, Report
from pxe.sparing import Sparing, left_out
from state_machines.record import Record

_QUIET = ("image_fetched", "log")
"""Reports that no step waits for: they are log lines and nothing more."""

LINES_PER_MINUTE = 300
"""So many lines of one machine are kept in a minute; of the rest only the number is told."""


class BootBook:
    """Answers the boot server from memory, and writes each report down before it is acknowledged."""

    def __init__(self, journal: Journal, engine: Engine, box: SecretBox) -> None:
        self._journal = journal
        self._engine = engine
        self._box = box
        self._refusals = Sparing()
        self._lines = Sparing(LINES_PER_MINUTE, in_all=20 * LINES_PER_MINUTE)

    def guest(self, server_id: str) -> Guest | None:
        """The machine of this node, if it has one."""
        record = self._journal.mirror.records.get(server_id)
        if record is None or record.name == record.shard:
            return None

        def secret(name: str) -> str | None:
            sealed = self._journal.mirror.secrets.get(f"{record.name}/{name}")
            return None if sealed is None else self._box.open(sealed)

        return self._engine.platform(record).guest(self._journal.mirror, record, secret)

    def guest_at(self, source: str) -> Guest | None:
        """The machine that may come from this address."""
        for name in self._journal.mirror.holders(source):
            guest = self.guest(name)
            if guest is not None and guest.source == source:
                return guest
        return None

    async def report(self, server_id: str, report: Report) -> None:
        """Keep what a machine fetched or said, and wake its record. Raises BookClosed."""
        record = self._journal.mirror.records.get(server_id)
        if record is None:
            return
        now = self._journal.clock.now()
        ops: list[Op] = []
        round_ = int(record.facts.get("round", 0))
        data = {"phase": report.phase, "percent": report.percent, "message": report.message}
        signal = Signal(record.name, record.shard, round_, report.kind, report.seq, now, data)
        if report.kind not in _QUIET:
            known = self._journal.mirror.signals(server_id, round_)
            if report.seq and any((s.name, s.seq) == (signal.name, signal.seq) for s in known):
                return
            ops.append(AddSignal(signal))
        ops += self._spared(_line(record, report, now), now)
        if not ops:
            return
        try:
            await self._journal.commit(*ops)
        except StoreError as error:
            raise BookClosed(error.message) from error
        if report.kind not in _QUIET:
            self._engine.poke(server_id)

    def _spared(self, line: AddEvent, now: float) -> list[Op]:
        """The line of a machine, unless there are too many of them; the next that is told says how many were left
        out."""
        event = line.event
        untold = self._lines.take(event.record or "", now)
        if untold is None:
            return []
        return [AddEvent(replace(event, message=event.message + left_out(untold)))]

    async def tell_left_out(self) -> None:
        """Tell of floods that are over how many lines were left out. Raises StoreError, Fenced."""
        now = self._journal.clock.now()
        ops: list[Op] = []
        for name, count in self._lines.over(now):
            shard = name in self._journal.mirror.records and self._journal.mirror.records[name].shard
            said = f"{count} more lines of {name} were left out"
            ops.append(AddEvent(Event(now, shard or "", name, "boot", said, "warning", name)))
        for source, count in self._refusals.over(now):
            said = f"{count} more requests of {source} were turned away"
            ops.append(AddEvent(Event(now, "", None, "boot", said, "warning", source)))
        if ops:
            await self._journal.commit(*ops)

    async def refused(self, path: str, source: str, reason: str) -> None:
        """Keep who was turned away, and why, unless that source is told of often enough. Raises BookClosed."""
        untold = self._refusals.take(source, self._journal.clock.now())
        if untold is None:
            return
        known = self.guest_at(source)
        record = self._journal.mirror.records.get(known.server_id) if known else None
        event = Event(
            self._journal.clock.now(),
            record.shard if record else "",
            record.name if record else None,
            "boot",
            f"turned away {source} at {path}: {reason}{left_out(untold)}",
            "warning",
            source,
            {"path": path, "source": source},
        )
        try:
            await self._journal.commit(AddEvent(event))
        except StoreError as error:
            raise BookClosed(error.message) from error


def _line(record: Record, report: Report, now: float) -> AddEvent:
    """A report as a line of the log."""
    data: dict[str, Any] = {"source": report.source}
    match report.kind:
        case "log":
            return moves.event(record, "log", now, report.message, data=data, actor=record.name)
        case "install_error":
            text = f"the installer reports an error: {report.message}"
            return moves.event(record, "error", now, text, "error", data, record.name)
        case "phase":
            done = "" if report.percent is None else f" {report.percent:.0f}%"
            text = f"phase {report.phase}{done}: {report.message}"
            return moves.event(record, "boot", now, text, data=data, actor=record.name)
        case _:
            text = f"{report.kind.replace('_', ' ')}: {report.message}" if report.message else report.kind
            return moves.event(record, "boot", now, text.replace("_", " "), data=data, actor=record.name)
