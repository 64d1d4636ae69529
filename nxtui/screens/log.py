"""The log on the whole screen: follow it, freeze it, search it, narrow it."""

from __future__ import annotations

import os

from textual.app import ComposeResult

from daemon.wire import EntityView
from daemon.words import counted
from nxtui import keys
from nxtui.draw.logs import STAMPS, LogWindow, as_text
from nxtui.draw.text import Line, spread
from nxtui.model import log_filter
from nxtui.model.known import Changes
from nxtui.model.trail import Place
from nxtui.screens.row_screen import RowScreen
from nxtui.terminal import programs
from nxtui.widgets.ask import AskLine
from nxtui.widgets.logview import LogView
from nxtui.widgets.oneline import OneLine

_LEVEL_WORDS = {"debug": "all levels", "warning": "warnings and errors", "error": "errors"}


class LogScreen(RowScreen):
    """Lines of one name or of everything, the newest at the bottom."""

    screen_name = "log"
    BINDINGS = keys.bindings("log")

    def __init__(self, name: str | None) -> None:
        super().__init__()
        self._of = name
        self._everything = name is None

    def compose_body(self) -> ComposeResult:
        renderer = self.nx.renderer
        self.window = LogWindow(self.nx.fleet.log)
        self._narrow()
        self.head = OneLine(renderer, self._head_line, ground="panel", id="log-head")
        self.log_view = LogView(renderer, self.window, self.no_lines, cursor=True, id="log")
        self.ask = AskLine(hidden=True)
        yield self.log_view
        yield self.head
        yield self.ask

    def on_mount(self) -> None:
        self.log_view.focus()

    def crumbs(self) -> tuple[str, ...]:
        return ("log",) if self._everything or self._of is None else (self._of, "log")

    def place(self) -> Place:
        return Place("log", self._of)

    def action_pager(self) -> None:
        lines = "".join(as_text(event) + "\n" for event in self.window.chosen())
        self.nx.lend(programs.pager(os.environ), lines)

    def _narrow(self) -> None:
        self.window.show(None if self._everything or self._of is None else frozenset((self._of,)))

    def _head_line(self, width: int) -> Line:
        window = self.window
        of = "everything" if self._everything or self._of is None else self._of
        left: Line = [(f" {of}", "strong"), (f"  {_LEVEL_WORDS[window.level]}", "dim")]
        if window.log_filter.error:
            left += [("  " + window.log_filter.error, "attention")]
        elif window.log_filter.words:
            left += [("  only ", "dim"), (window.log_filter.text, "strong")]
        if window.marks:
            left += [(f"  {self.nx.renderer.glyphs.mark} {len(window.marks)} marked", "match-mark")]
        if window.sought:
            found = f"{window.hit_number} of {len(window.hits)}" if window.hits else "nowhere"
            left += [("  /", "key-strong"), (window.sought, "strong"), (f" {found}", "dim")]
        lines = counted(len(window.shown), "line")
        if window.paused:
            right: Line = [(f"{lines}  ", "dim"), (f" PAUSED  +{window.fresh:,} new ", "stale")]
        elif window.follow:
            right = [(f"{lines}  following ", "dim")]
        else:
            right = [(f"{window.cursor + 1:,} of {lines}  G follows again ", "dim")]
        return spread(left, right, width)

    def changed(self, changes: Changes) -> None:
        if changes.events or changes.log_replaced:
            self.log_view.append()
        self.head.redraw()
        self.redraw_frame()

    def to_row(self, index: int) -> None:
        self.log_view.move_to(index)
        self.head.redraw()

    @property
    def row_here(self) -> int:
        return self.window.cursor

    @property
    def row_last(self) -> int:
        return len(self.window.shown) - 1

    @property
    def rows_a_page(self) -> int:
        return self.log_view.size.height - 1

    def targets(self) -> list[EntityView]:
        return [entity] if (entity := self.pointed()) is not None else []

    def pointed(self) -> EntityView | None:
        return None if self._everything or self._of is None else self.nx.fleet.find(self._of)

    def action_pause(self) -> None:
        """Hold the log still; in a replay the time that it is told by."""
        if self.nx.player is not None:
            self.action_play()
            return
        self.window.toggle_pause()
        self._redraw()

    def action_level_more(self) -> None:
        self.window.step_level(-1)
        self._redraw()

    def action_level_less(self) -> None:
        self.window.step_level(1)
        self._redraw()

    def action_wrap(self) -> None:
        self.log_view.wrapped = not self.log_view.wrapped
        self._redraw()

    def action_scope(self) -> None:
        self._everything = not self._everything
        self._narrow()
        self._redraw()
        self.redraw_frame()

    def action_stamps(self) -> None:
        view = self.log_view
        view.stamp = STAMPS[(STAMPS.index(view.stamp) + 1) % len(STAMPS)]
        self._redraw()

    def action_mark_line(self) -> None:
        self.window.toggle_mark()
        self.to_row(self.window.cursor + (0 if self.window.follow else 1))

    def action_save(self) -> None:
        lines = self.window.chosen()
        if not lines:
            self.nx.say("There is no line to write.")
            return
        self.nx.save("nxtui-log", "txt", "".join(as_text(event) + "\n" for event in lines))

    def _redraw(self) -> None:
        self.log_view.forget()
        self.log_view.redraw()
        self.head.redraw()

    def action_search(self) -> None:
        self._asked = self.window.seek
        self.ask.open("/", self.window.sought, "text to find; n and N go on and back")

    def action_log_filter(self) -> None:
        self._asked = self._filtered
        hint = "node:node02  kind:call  level:warning,error  !text"
        self.ask.open("only", self.window.log_filter.text, hint)

    def _filtered(self, text: str) -> None:
        self.window.narrow(log_filter.parse(text))

    def filter_lines(self, text: str) -> None:
        """Show only what passes a filter."""
        self._filtered(text)
        self._redraw()

    def on_ask_line_changed(self, event: AskLine.Changed) -> None:
        self._asked(event.text)
        self._redraw()

    def on_ask_line_submitted(self, event: AskLine.Submitted) -> None:
        self.ask.close()
        self.log_view.focus()
        self._asked(event.text)
        self._redraw()

    def action_next_hit(self) -> None:
        self._step(True)

    def action_prev_hit(self) -> None:
        self._step(False)

    def _step(self, forward: bool) -> None:
        if self.window.step(forward):
            self.to_row(self.window.cursor)
        else:
            self.nx.say("Nothing to go to: / searches.")

    def action_back(self) -> None:
        """End the search first, then the filter and the marks, then leave; a line that is open goes before them."""
        window = self.window
        if self.ask.display:
            self.ask.action_clear()
        elif window.sought or window.log_filter.text or window.marks:
            if window.sought:
                window.seek("")
            elif window.log_filter.text:
                self._filtered("")
            else:
                window.marks.clear()
            self._redraw()
        else:
            self.nx.close_screen(self)

    def copied_text(self) -> str:
        window = self.window
        if window.marks:
            return "\n".join(as_text(event) for event in window.chosen())
        return as_text(window.shown[window.cursor]) if window.shown else ""
