"""Keeps the last screen of a machine whose boot or installation failed: what its console shows, as a line of the log.

It looks after the failure is written and told, within seconds, and takes the console away from nobody: a console that
does not answer costs the evidence and nothing else.
"""

from __future__ import annotations

import asyncio
import logging

from daemon.engine import sentences
from daemon.errors.tree import NxdError
from daemon.memory.journal import Journal
from daemon.requests.consoles import Consoles
from daemon.store.base import Fenced
from daemon.store.ops import Event
from daemon.wire import ScreenView
from daemon.words import printable
from state_machines.record import Record

log = logging.getLogger("nxd.console")

TELLING = frozenset(("install_failed", "deadline"))
"""Codes of failures of which the screen may tell more."""
AT_ONCE = 8
"""So many consoles are looked at at once; whoever waits longer than a screen lasts is looked at later all the same."""
SCREEN = "screen"
"""The key under which a line of the log holds the screen, as a list of lines."""

LOOKED_AT = 100
"""So many lines of the log, of what machines say, are looked through for the screen of a failure."""


class LastScreens:
    """Looks until it is cancelled."""

    def __init__(self, journal: Journal, consoles: Consoles) -> None:
        self._journal = journal
        self._consoles = consoles
        self._room = asyncio.Semaphore(AT_ONCE)
        self._looks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Begin a look for each failure that is told."""
        before, self._journal.told = self._journal.told, self._begin
        try:
            await asyncio.Event().wait()
        finally:
            self._journal.told = before
            for look in self._looks:
                look.cancel()
            await asyncio.gather(*self._looks, return_exceptions=True)

    def _begin(self, event: Event) -> None:
        if event.level != "error" or event.data.get("code") not in TELLING or event.record is None:
            return
        look = asyncio.create_task(self._look(event.record), name=f"screen {event.record}")
        self._looks.add(look)
        look.add_done_callback(self._looks.discard)

    async def _look(self, name: str) -> None:
        """Keep the screen, if there is one to be had."""
        record = self._journal.mirror.records.get(name)
        if record is None or not self._consoles.has_one(record):
            return
        try:
            async with self._room:
                lines = await self._consoles.screen(record)
            if lines:
                said = f"the last line on its console: {printable(lines[-1].strip())}"
                now = self._journal.clock.now()
                await self._journal.commit(
                    sentences.event(record, "log", now, said, "warning", {SCREEN: lines})
                )
        except (NxdError, Fenced) as error:
            log.info("no_screen", extra={"record": name, "problem": error})
        except Exception:
            log.exception("screen_broke", extra={"record": name})


async def last_screen(journal: Journal, record: Record) -> ScreenView | None:
    """The screen that was kept of the failure that stands now. Raises StoreError."""
    if record.error is None or record.error.get("code") not in TELLING:
        return None
    lines = await journal.events(
        shard=record.shard, record=record.name, kind="log", limit=LOOKED_AT, tail=True
    )
    for event in reversed(lines):
        if SCREEN in event.data and event.time >= record.since:
            return ScreenView(time=event.time, lines=event.data[SCREEN])
    return None
