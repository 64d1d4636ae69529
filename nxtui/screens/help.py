"""All keys of a screen, from the same table as the bindings."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from daemon.client.query import FIELDS
from nxtui import keys
from nxtui.draw import pages
from nxtui.draw.renderer import Renderer
from nxtui.draw.text import Line
from nxtui.model import log_filter
from nxtui.screens.dialog import PageDialog
from nxtui.widgets.oneline import OneLine
from nxtui.widgets.page import Page

_FILTER = (
    "A word is looked for everywhere; field:a,b looks in one field for a or b; !word turns it round; "
    "all words must agree. Fields: "
)
_LOG_FILTER = (
    "A word is looked for in the text and the node; field:a,b and !word as in the list of nodes. Fields: "
)


class HelpScreen(PageDialog[None]):
    """A page over the screen it explains."""

    BINDINGS = [  # noqa: RUF012 (Textual's own form)
        Binding("escape,q,question_mark,enter", "close", show=False),
        Binding("space", "scroll_pages(1)", show=False),
    ]

    def __init__(self, renderer: Renderer, screen: keys.ScreenName, actions: tuple[keys.Action, ...]) -> None:
        super().__init__()
        self._renderer = renderer
        self._screen_name = screen
        self._actions = actions

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield OneLine(self._renderer, lambda _: [(" Keys", "title")], "panel")
            yield Page(self._renderer, self._lines, ground="panel", id="page")
            yield OneLine(
                self._renderer,
                lambda _: [
                    (" Esc", "key-strong"),
                    (" closes   ", "dim"),
                    ("j k", "key-strong"),
                    (" scroll", "dim"),
                ],
                "panel",
            )

    def _lines(self, width: int) -> list[Line]:
        lines = pages.help_lines(self._actions, width)
        if self._screen_name == "fleet":
            lines += [[], pages.heading("filter"), *pages.paragraph(_FILTER + ", ".join(FIELDS), width)]
        if self._screen_name == "log":
            lines += [
                [],
                pages.heading("filter"),
                *pages.paragraph(_LOG_FILTER + ", ".join(log_filter.FIELDS), width),
            ]
        return lines

    def action_close(self) -> None:
        """Back to the screen."""
        self.end()

    @property
    def page(self) -> Page:
        return self.query_one(Page)
