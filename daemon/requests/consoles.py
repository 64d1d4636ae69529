"""Opens the serial console of a node for a person, one session at a time, and writes down who had it and until when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from daemon.display.durations import lasting
from daemon.display.plain import last_lines
from daemon.engine import sentences
from daemon.engine.engine import Engine
from daemon.errors.tree import NxdError, OutsideError
from daemon.memory.journal import Journal
from daemon.outside import called_for
from daemon.platforms.base import Console
from daemon.secrets.box import SecretBox
from daemon.words import counted
from state_machines.record import Record

OPENING = 30.0
"""Real seconds within which a console opens, from the question for its token to the first byte that may come."""


SCREEN_SECONDS = 10.0
"""Real seconds that a look at the last screen may take in all."""
QUIET_SECONDS = 1.5
"""Real seconds of silence after which a screen is whole."""
SCREEN_LINES, SCREEN_COLUMNS = 40, 160
SCREEN_BYTES = 64 * 1024
"""So much of what a console sent last is looked at for its last lines."""


class ConsoleFailed(NxdError):
    """The other side did not open the console."""


@dataclass(eq=False)
class ConsoleSession:
    """A console that somebody has open. ``taken`` is set to a sentence once somebody else takes it over."""

    actor: str
    since: float
    console: Console
    taken: asyncio.Future[str] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    sent: int = 0
    received: int = 0


class Consoles:
    """The consoles that are open now, by the name of the node."""

    def __init__(self, journal: Journal, engine: Engine, box: SecretBox) -> None:
        self._journal = journal
        self._engine = engine
        self._box = box
        self._open: dict[str, ConsoleSession] = {}
        self._opening: set[str] = set()
        self._looks: dict[str, asyncio.Task[bytes]] = {}

    @asynccontextmanager
    async def session(self, record: Record, actor: str, force: bool) -> AsyncIterator[ConsoleSession]:
        """The console of a node, until the block ends. Raises NxdError."""
        self._check(record)
        name = record.name
        self._make_room(name, actor, force)
        self._opening.add(name)
        try:
            if (look := self._looks.get(name)) is not None:  # a person goes before a look
                look.cancel()
                await asyncio.wait((look,))
            console = await self._opened(record, force)
            session = ConsoleSession(actor, self._journal.clock.now(), console)
            self._open[name] = session
        finally:
            self._opening.discard(name)
        try:
            how = "took the serial console over" if force else "opened the serial console"
            await self._note(record, f"{actor} {how}", actor)
            yield session
        finally:
            if self._open.get(name) is session:
                del self._open[name]
            await asyncio.shield(self._end(record, session))

    def has_one(self, record: Record) -> bool:
        """Whether a record is a node of a platform that opens consoles."""
        return record.name != record.shard and self._engine.platform(record).has("console")

    async def screen(self, record: Record) -> list[str]:
        """The last lines that the console of a node shows, as plain text without secrets; none while a person has it
        open. No key is pressed. Raises NxdError where it does not open."""
        name = record.name
        if name in self._open or name in self._opening or name in self._looks:
            return []
        look = self._looks[name] = asyncio.create_task(self._seen(record), name=f"screen {name}")
        try:
            await asyncio.wait((look,))
        finally:
            look.cancel()
            del self._looks[name]
        if look.cancelled():
            return []
        lines = last_lines(look.result(), SCREEN_LINES, SCREEN_COLUMNS).split("\n")
        return [self._box.known.text(line) for line in lines] if any(lines) else []

    async def _seen(self, record: Record) -> bytes:
        """What a console sends until it is quiet. Raises NxdError."""
        seen = b""
        try:
            async with asyncio.timeout(SCREEN_SECONDS):
                console = await self._opened(record, force=False)
                try:
                    while True:
                        async with asyncio.timeout(QUIET_SECONDS):
                            data = await console.receive()
                        if data is None:
                            return seen
                        seen = (seen + data)[-SCREEN_BYTES:]
                finally:
                    await asyncio.shield(console.close())
        except TimeoutError:
            return seen

    def _check(self, record: Record) -> None:
        """Raises NxdError where the record can have no console."""
        name = record.name
        if name == record.shard:
            raise NxdError(
                "request",
                f"{name} is a cluster and has no console; each of its nodes has one.",
                remedy="nxd console NODE",
            )
        here = self._engine.situation(record)
        if here.switch_on is not None:
            raise NxdError("refused", here.absent, remedy=here.switch_on)
        if not self._engine.platform(record).has("console"):
            raise NxdError(
                "request",
                f"{name} has no console: nxd opens none on {record.platform}.",
                remedy="Use the console that its provider or its machine offers.",
            )

    def _make_room(self, name: str, actor: str, force: bool) -> None:
        """End the session that is open, if it is to be taken over. Raises NxdError if it is not."""
        other = self._open.get(name)
        if name in self._opening:
            raise NxdError("refused", f"The console of {name} is being opened.", remedy="Try again.")
        if other is None:
            return
        if not force:
            since = lasting(self._journal.clock.now() - other.since)
            raise NxdError(
                "refused",
                f"{other.actor} has had the console of {name} open for {since}.",
                remedy=f"nxd console {name} --force takes it over.",
            )
        if not other.taken.done():
            other.taken.set_result(f"{actor} took the console of {name} over.")

    async def _opened(self, record: Record, force: bool) -> Console:
        rows = self._journal.mirror.resources(record.name)
        platform = self._engine.platform(record)
        try:
            with called_for(record.name):
                async with asyncio.timeout(OPENING):
                    return await platform.console(record, rows, force, self._box.known.add)
        except TimeoutError:
            raise ConsoleFailed(
                "unavailable", f"The console of {record.name} did not open within {OPENING:g} s."
            ) from None
        except OutsideError as error:
            error.mend_by(platform.remedies)
            raise ConsoleFailed(
                error.kind, error.message, evidence=error.evidence, remedy=error.remedies
            ) from error

    async def _end(self, record: Record, session: ConsoleSession) -> None:
        """Close it, and write down that it ended."""
        try:
            await session.console.close()
        finally:
            lasted = lasting(self._journal.clock.now() - session.since)
            figures = f"{counted(session.received, 'byte')} seen, {session.sent} sent"
            await self._note(
                record,
                f"the serial console of {session.actor} ended after {lasted} ({figures})",
                session.actor,
            )

    async def _note(self, record: Record, text: str, actor: str) -> None:
        now = self._journal.clock.now()
        await self._journal.commit(sentences.event(record, "note", now, text, actor=actor))
