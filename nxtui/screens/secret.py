"""Shows where and how to log in for twenty seconds, and forgets it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from nxtui.draw.renderer import Renderer
from nxtui.draw.text import Line
from nxtui.screens.dialog import Dialog
from nxtui.widgets.oneline import OneLine

SHOWN_SECONDS = 20.0


class SecretDialog(Dialog[None]):
    """Ends by itself, or with a key."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter,q,n,space", "leave", show=False)]
    AUTO_FOCUS = ""

    def __init__(self, renderer: Renderer, name: str, told: Mapping[str, str]) -> None:
        super().__init__()
        self._renderer = renderer
        self._whom = name
        self._told = dict(told)

    def compose(self) -> ComposeResult:
        renderer = self._renderer
        with Vertical(id="dialog"):
            yield OneLine(renderer, lambda _: [(f" Log in to {self._whom}", "title")], "panel")
            for what in ("url", "user", "password"):
                yield OneLine(renderer, lambda _, what=what: self._row(what), "panel")  # type: ignore[misc]
            ends = f" It goes after {SHOWN_SECONDS:.0f} s, or with Esc. The log says who read it."
            yield OneLine(renderer, lambda _: [(ends, "dim")], "panel")

    def _row(self, what: str) -> Line:
        return [(f" {what:<9} ", "dim"), (self._told.get(what, ""), "strong")]

    def on_mount(self) -> None:
        self.set_timer(SHOWN_SECONDS, self.action_leave)

    def action_leave(self) -> None:
        """Forget it."""
        self._told.clear()
        self.end(None)
