"""The last line: what can be pressed here, grey where it cannot act now."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import events

from nxtui.draw.renderer import Renderer
from nxtui.draw.text import Line, width_of
from nxtui.keys import Action
from nxtui.widgets.oneline import OneLine

Offer = tuple[Action, bool]
"""An action and whether it can act."""

KEPT = ("help", "quit")
"""What stands there however narrow the screen is."""


PLACES = ("log", "timeline", "map", "calls", "applied")
"""Of other screens the keys stand there too, without their words where there is no room for those."""


def _texts(action: Action, able: bool, bare: bool) -> Line:
    """Its key, and its word unless it is bare."""
    key: Line = [(f" {action.first_key}", "key-strong" if able else "dim")]
    return key if bare else [*key, (f" {action.label} ", "" if able else "dim")]


class KeyLine(OneLine):
    """Fits as many offers as the width has room for, the most wanted first; a click presses the key."""

    def __init__(
        self, renderer: Renderer, offers: Callable[[], Sequence[Offer]], places: Sequence[str] = ()
    ) -> None:
        super().__init__(renderer, self._compose_line, ground="panel", id="keys")
        self._offers = offers
        self._places = places
        self._spots: list[tuple[int, int, str]] = []

    def _compose_line(self, width: int) -> Line:
        """The offers in their order. Where a way to another screen found no room, all of them stand together without
        their words."""
        offers, told = self._offers(), {action.id for action, _ in self._fit(self._offers(), width)}
        ways = [offer for offer in offers if offer[0].id in self._places]
        if all(action.id in told for action, _ in ways):
            return self._drawn_of(self._fit(offers, width))
        first = next(at for at, offer in enumerate(offers) if offer in ways)
        others = [offer for offer in offers if offer not in ways]
        return self._drawn_of(self._fit([*others[:first], *ways, *others[first:]], width, self._places))

    def _fit(
        self, offers: Sequence[Offer], width: int, bare: Sequence[str] = ()
    ) -> list[tuple[Action, Line]]:
        """Those that there is room for, each with its texts; that of ``KEPT`` and of what is ``bare`` is reserved."""
        shown = {action.id: _texts(action, able, action.id in bare) for action, able in offers}
        kept, used = (*KEPT, *bare), 0
        reserved = sum(width_of(text) for name, text in shown.items() if name in kept)
        found: list[tuple[Action, Line]] = []
        for action, _ in offers:
            size = width_of(shown[action.id])
            if action.id in kept:
                reserved -= size
            if used + size <= width - reserved:
                found.append((action, shown[action.id]))
                used += size
        return found

    def _drawn_of(self, found: Sequence[tuple[Action, Line]]) -> Line:
        """The line of these, and where a click meets each."""
        line: Line = []
        self._spots = []
        for action, text in found:
            used = width_of(line)
            self._spots.append((used, used + width_of(text), action.binding))
            line += text
        return line

    async def on_click(self, event: events.Click) -> None:
        for start, end, action in self._spots:
            if start <= event.x < end:
                await self.screen.run_action(action)
                return
