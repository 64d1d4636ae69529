"""What `a` opens: whom the verbs are for, what each comes to, and the way from a letter to the question."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from daemon.client import DaemonRefused, DaemonUnreachable
from daemon.wire import EntityView, Plan
from nxtui.acts import band as verbs_of
from nxtui.acts.verbs import legality
from nxtui.draw import band as drawn
from nxtui.draw.text import Line
from nxtui.widgets.band import Band

if TYPE_CHECKING:
    from nxtui.screens.full_screen import FullScreen

LEAVES = ("escape", "a")


class Acting:
    """The band of one screen. It is for what was marked or under the cursor when it opened."""

    def __init__(self, screen: FullScreen) -> None:
        self._screen = screen
        self._names: tuple[str, ...] = ()
        self._hidden = 0
        self._plans: dict[str, list[Plan]] = {}
        self._rows: list[drawn.BandRow] = []
        self.band = Band(screen.nx.renderer, self._lines, self._pick)

    def toggle(self) -> None:
        """Open the band, or close it."""
        if self.band.display:
            self.band.close()
            return
        self._names = tuple(entity["name"] for entity in self._screen.targets())
        self._hidden = self._screen.hidden_marks()
        self._plans = {}
        self.band.open()
        targets = self._targets()
        if 0 < len(targets) <= verbs_of.MOST and self._screen.nx.sender.barred() is None:
            wanted = verbs_of.planned(self._screen.nx.fleet, targets[0], self._rows)
            learn: Callable[[], Awaitable[None]] = partial(self._learn, targets, wanted)
            self._screen.run_worker(learn, group="band", exclusive=True)

    def redraw(self) -> None:
        """Draw it anew while it is open: what is legal may be something else by now."""
        if self.band.display:
            self.band.fit()

    def take(self, key: str) -> bool:
        """Whether a key was for the band."""
        return self.band.take(key)

    def close(self) -> None:
        """Away with it."""
        self.band.close()

    async def _learn(self, targets: Sequence[EntityView], wanted: list[str]) -> None:
        """Ask the daemon what each verb would do now to all who can; of one that cannot be told the band says what it
        does."""
        names, feed = self._names, self._screen.nx.feed
        for verb in wanted:
            with contextlib.suppress(DaemonRefused, DaemonUnreachable):
                plans = [await feed.plan(verb, name) for name in legality(verb, targets).able]
                if self._names == names:
                    self._plans[verb] = plans
                    self.redraw()

    def _targets(self) -> list[EntityView]:
        found = (self._screen.nx.fleet.find(name) for name in self._names)
        return [entity for entity in found if entity is not None]

    def _lines(self, width: int) -> list[Line]:
        nx, targets = self._screen.nx, self._targets()
        own = self._screen.band_rows()
        self._rows = verbs_of.rows(nx.fleet, targets, nx.keymap.actions, self._plans) if own is None else own
        names = [entity["name"] for entity in targets]
        kind = targets[0]["kind"] if targets else "node"
        glyphs = nx.renderer.glyphs
        return [
            drawn.title(names, kind, self._hidden, width, glyphs),
            *drawn.lines(self._rows, nx.sender.barred(), width, glyphs),
        ]

    def _pick(self, key: str) -> None:
        """Ask for the verb of a letter; a letter that no verb has does nothing."""
        row = next((row for row in self._rows if row.letter == key), None)
        if row is None:
            if key in LEAVES:
                self.close()
            return
        self.close()
        if row.action:
            self._screen.call_later(self._screen.run_action, row.action)
        else:
            self._screen.nx.sender.act(row.verb, self._targets(), row.at_step)
