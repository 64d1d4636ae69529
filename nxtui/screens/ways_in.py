"""The ways into a node or cluster, of which one is at hand by a sign of its own."""

from __future__ import annotations

from nxtui.draw.renderer import Renderer
from nxtui.screens.pick import Pick, PickList
from nxtui.widgets.ask import AskLine

SHOWS = "+"
"""Stands in no address and in no name."""


class WaysIn(Pick):
    """``+`` chooses the entry that shows a password, where there is one."""

    def __init__(self, renderer: Renderer, listed: PickList, shows: str) -> None:
        super().__init__(renderer, listed)
        self._shows = shows

    def on_ask_line_changed(self, event: AskLine.Changed) -> None:
        if event.text == SHOWS and any(entry[0] == self._shows for entry in self.listed.entries):
            event.stop()
            self.chosen(self._shows)
        else:
            super().on_ask_line_changed(event)
