"""The boot server's book: who is expected comes from the mirror, what is reported goes into the journal."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from daemon.boot.reports import Repeats, taken_down
from daemon.engine.engine import Engine
from daemon.engine.locks import Locks
from daemon.errors.tree import StoreError
from daemon.life.boots import UNMADE, asks_in_vain, round_of
from daemon.memory.journal import Journal
from daemon.secrets.box import SecretBox
from daemon.store.ops import AddEvent, Event, Op, PutSignal
from daemon.words import counted, sentences, were
from pxe.book import BookClosed, Guest, Report
from pxe.line_limiter import LineLimiter, left_out
from pxe.routes import BootTable

LINES_PER_MINUTE = 300
"""So many lines of one machine are kept in a minute; of the rest only the number is told."""
BYTES_PER_MINUTE = 64 * 1024
"""So many bytes of what one machine says are kept in a minute, however few its lines are."""


class BootBook:
    """Answers the boot server from memory, and writes each report down before it is acknowledged."""

    def __init__(
        self, journal: Journal, engine: Engine, box: SecretBox, tables: Mapping[str, BootTable]
    ) -> None:
        self._tables = tables
        self._journal = journal
        self._engine = engine
        self._box = box
        self._refusals = LineLimiter()
        self._lines = LineLimiter(LINES_PER_MINUTE, in_all=20 * LINES_PER_MINUTE, size=BYTES_PER_MINUTE)
        self._repeats = Repeats()
        self._locks = Locks()
        self._unmade: dict[str, tuple[str, str]] = {}
        """What each machine asked for in vain, with the state in which its node was; in the health answer too."""

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
        found = (self.guest(name) for name in self._journal.mirror.holders(source))
        return next((guest for guest in found if guest is not None and guest.source == source), None)

    def guest_with(self, mac: str) -> Guest | None:
        """The machine that has this MAC."""
        found = (self.guest(name) for name in self._journal.mirror.holders(mac))
        return next((guest for guest in found if guest is not None and mac in guest.macs), None)

    async def report(self, guest: Guest, report: Report) -> None:
        """Keep what a machine fetched or said, and wake its record if that leads on. Raises BookClosed,
        GivenAlready.

        What one machine says is taken down piece by piece, so that each is judged by all that came before. Of another
        round than the present one nothing is taken, even if its sender was let in before that one began.
        """
        name = guest.server_id
        async with self._locks(name):
            record = self._journal.mirror.records.get(name)
            if record is None or round_of(record) != guest.round:
                raise BookClosed(f"{name} is installed anew.")
            known, now = self._journal.mirror.signals(name), self._journal.clock.now()
            again, last = self._repeats.knows(name, report), self._tables[guest.platform].last_phase
            told = taken_down(record, guest, known, report, now, again, last)
            ops = [kept for op in told for kept in self._spared(op, now)]
            served = report.kind in ("script_fetched", "document_fetched")
            if served and UNMADE in known and known[UNMADE].data.get("said"):
                ops.append(PutSignal(asks_in_vain(record, None, now)))
            try:
                if ops:
                    await self._journal.commit(*ops, patient=True)
            except StoreError as error:
                raise BookClosed(error.message) from error
            if report.kind != "heartbeat":
                self._repeats.note(name, report)
            if served and name in self._unmade:
                del self._unmade[name]
                self._tell_unmade()
        if any(isinstance(op, PutSignal) for op in ops) and report.kind != "heartbeat":
            self._engine.poke(name)

    def _spared(self, op: Op, now: float) -> list[Op]:
        """The op, unless it is one of too many lines of a machine; the next that is told says how many were left
        out."""
        if not isinstance(op, AddEvent):
            return [op]
        event = op.event
        untold = self._lines.take(event.record or "", now, len(event.message.encode()))
        if untold is None:
            return []
        return [AddEvent(replace(event, message=event.message + left_out(untold)))]

    async def tell_left_out(self) -> None:
        """Tell of floods that are over how many lines were left out. Raises StoreError, Fenced."""
        now = self._journal.clock.now()
        self._tell_unmade()
        ops: list[Op] = []
        for name, count in self._lines.over(now):
            shard = name in self._journal.mirror.records and self._journal.mirror.records[name].shard
            said = f"{counted(count, 'more line')} of {name} {were(count)} left out"
            ops.append(AddEvent(Event(now, shard or "", name, "boot", said, "warning", name)))
        for source, count in self._refusals.over(now):
            said = f"{counted(count, 'more request')} of {source} {were(count)} turned away"
            ops.append(AddEvent(Event(now, "", None, "boot", said, "warning", source)))
        if ops:
            await self._journal.commit(*ops)

    async def unmade(self, guest: Guest, what: str, why: str) -> None:
        """Tell in the node's log, in what it waits for, and in the health answer that its machine asks in vain, until
        it is given something or its node has left the state. Raises BookClosed."""
        name = guest.server_id
        record = self._journal.mirror.records.get(name)
        if record is None:
            return
        said = f"The {what} of {name} cannot be made, so its machine waits in vain: {why}"
        if self._unmade.get(name) == (record.state, said):
            return
        self._unmade[name] = (record.state, said)
        self._tell_unmade()
        now = self._journal.clock.now()
        event = Event(now, record.shard, name, "boot", said, "error", name)
        try:
            await self._journal.commit(AddEvent(event), PutSignal(asks_in_vain(record, said, now)))
        except StoreError as error:
            raise BookClosed(error.message) from error
        self._engine.poke(name)

    def _tell_unmade(self) -> None:
        """What is asked for in vain stands in the health answer while its node is in the same state."""
        records = self._journal.mirror.records
        self._unmade = {
            name: (state, said)
            for name, (state, said) in self._unmade.items()
            if name in records and records[name].state == state
        }
        self._journal.noted.pop("unmade", None)
        if self._unmade:
            self._journal.noted["unmade"] = sentences(*(said for _, said in self._unmade.values()))

    async def refused(self, path: str, source: str, reason: str, server_id: str | None = None) -> None:
        """Keep who was turned away, and why, unless that source is told of often enough: in the log of the machine that
        was named, or else of the one that may come from there. Raises BookClosed."""
        untold = self._refusals.take(source, self._journal.clock.now())
        if untold is None:
            return
        at = self.guest_at(source) if server_id is None else None
        record = self._journal.mirror.records.get(server_id or (at.server_id if at else ""))
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
