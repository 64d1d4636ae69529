"""The scrub line on the screen: a click goes to the moment that is clicked."""

from __future__ import annotations

from textual import events

from nxtui.draw import scrub
from nxtui.draw.renderer import Renderer
from nxtui.draw.text import Line
from nxtui.model.player import Player
from nxtui.widgets.oneline import OneLine


class ScrubLine(OneLine):
    """Draws the recording of a player."""

    def __init__(self, renderer: Renderer, player: Player) -> None:
        super().__init__(renderer, self._scrub, ground="panel", id="scrub")
        self._player = player

    def _scrub(self, width: int) -> Line:
        player, renderer = self._player, self._renderer
        start, end = player.recording.start, player.recording.end
        return scrub.line(player.marks, start, player.moment, end, width, renderer.glyphs, renderer.ascii)

    def on_click(self, event: events.Click) -> None:
        count = scrub.cells(self.size.width)
        cell = event.x - scrub.SIDES
        if 0 <= cell < count:
            recording = self._player.recording
            self._player.seek(scrub.moment_at(cell, recording.start, recording.end, count))
