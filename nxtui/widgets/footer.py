"""The last line: what can be pressed here, grey where it cannot act now."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.cells import cell_len
from textual import events

from nxtui.draw.renderer import Renderer
from nxtui.draw.text import Line
from nxtui.keys import Action
from nxtui.widgets.oneline import OneLine

Offer = tuple[Action, bool]
"""An action and whether it can act."""

KEPT = ("help", "quit")
"""What stands there however narrow the screen is."""


def _size(action: Action) -> int:
    return cell_len(f" {action.first_key} {action.label} ")


class KeyLine(OneLine):
    """Fits as many offers as the width has room for, the most wanted first; a click presses the key."""

    def __init__(self, renderer: Renderer, offers: Callable[[], Sequence[Offer]]) -> None:
        super().__init__(renderer, self._compose_line, ground="panel", id="keys")
        self._offers = offers
        self._spots: list[tuple[int, int, str]] = []

    def _compose_line(self, width: int) -> Line:
        """The offers in their order; those of ``KEPT`` have their room reserved."""
        line: Line = []
        used, self._spots = 0, []
        offers = self._offers()
        reserved = sum(_size(action) for action, _ in offers if action.id in KEPT)
        for action, able in offers:
            size = _size(action)
            if action.id in KEPT:
                reserved -= size
            if used + size > width - reserved:
                continue
            line.append((f" {action.first_key}", "key-strong" if able else "dim"))
            line.append((f" {action.label} ", "" if able else "dim"))
            self._spots.append((used, used + size, action.binding))
            used += size
        return line

    async def on_click(self, event: events.Click) -> None:
        for start, end, action in self._spots:
            if start <= event.x < end:
                await self.screen.run_action(action)
                return
