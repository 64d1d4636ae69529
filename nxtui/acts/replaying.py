"""Plays a recording in a window: one that was opened for it, or a live one, which goes on beneath until it is back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from textual.message import Message

from daemon.wire import EventView, Nature, StreamLine
from daemon.words import first_of
from nxtui.model.known import Fleet
from nxtui.model.trail import Trail

if TYPE_CHECKING:
    from textual.worker import Worker

    from nxtui.app import NxTui
    from nxtui.model.player import Player
    from nxtui.model.recording import Recording

REPLAYED = 10_000
"""So many lines of the daemon's log are played back at most."""
NAMED = 3


class Played(Message):
    """A replay has come to a moment, by these lines."""

    def __init__(self, player: Player, lines: list[StreamLine]) -> None:
        super().__init__()
        self.player = player
        self.lines = lines
        self.moment = player.moment


class Replaying:
    """Knows whether the window shows what was, and what is live meanwhile."""

    def __init__(self, nx: NxTui, recording: Recording | None = None) -> None:
        self._nx = nx
        self.live: Fleet | None = None
        """What the daemon says meanwhile, where the replay is in its place."""
        self.floor = 0
        """Screens of the live window beneath those of the replay."""
        self._trail = Trail()
        self._work: Worker[None] | None = None
        if recording is not None:
            self.open(recording)

    def open(self, recording: Recording, natures: Mapping[str, Nature] = MappingProxyType({})) -> Player:
        """Show what was recorded, in place of what a daemon says."""
        from nxtui.model.player import Player

        nx = self._nx
        clock = nx.fleet  # of any of them, it is the window's own
        player = Player(
            recording, lambda lines: nx.post_message(Played(player, lines)), lambda: clock.moment, natures
        )
        nx.player = player
        nx.fleet.recording = player.told
        return player

    async def begin(self) -> None:
        """Play back in this window what it and the daemon's log know."""
        from nxtui.model.recording import of_events
        from nxtui.screens.fleet import FleetScreen

        nx = self._nx
        events, last = await self._known(), nx.fleet.whole()
        if not events:
            nx.say("Nothing has happened yet.")
            return
        self.live, self._trail, nx.trail = nx.fleet, nx.trail, Trail()
        nx.fleet = self.live.beside()
        player = self.open(of_events(events, last), self.live.history.natures)
        self._work = nx.run_worker(player.run(), group="replay")
        self.floor = len(nx.screen_stack)
        nx.say("This is what was: Esc returns to what is.")
        nx.push_screen(FleetScreen())

    async def _known(self) -> Sequence[EventView]:
        """The lines of the daemon's log, or those that this window was told where nobody answers."""
        from daemon.client import DaemonRefused, DaemonUnreachable

        nx = self._nx
        try:
            return (await nx.feed.client.log(limit=REPLAYED, tail=True))["events"]
        except (DaemonRefused, DaemonUnreachable) as cause:
            log = nx.fleet.log
            if log.end > log.first:
                nx.say(f"Only what this window was told is played back: {cause}", "warning")
            entries = (log[number]._asdict() for number in range(log.first, log.end))
            return [cast("EventView", told) for told in entries]

    def end(self) -> None:
        """Back to the live window; one that was opened for a recording is left."""
        nx = self._nx
        if self.live is None:
            nx.leave()
            return
        if self._work is not None:
            self._work.cancel()
        nx.fleet, nx.trail, nx.player, self.live = self.live, self._trail, None, None
        floor, self.floor = self.floor, 0
        while len(nx.screen_stack) > floor:
            nx.close_top()

    def lacks(self, what: str) -> bool:
        """Whether a recording is played, which has no such thing; then that is said, and nobody is asked."""
        if self._nx.player is not None:
            self._nx.say(f"A recording holds no {what}: Esc leaves it.", "warning")
        return self._nx.player is not None

    def check(self) -> None:
        """A screen of the replay that broke may have been the last of them."""
        if self.live is not None and len(self._nx.screen_stack) <= self.floor:
            self.end()

    def heed(self, failed: Sequence[str]) -> None:
        """What fails meanwhile is told over what was."""
        if failed:
            names = first_of(dict.fromkeys(failed), NAMED)
            self._nx.say(f"Meanwhile failed: {names}. Esc returns to what is.", "error", is_news=True)
