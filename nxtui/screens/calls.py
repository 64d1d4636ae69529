"""The call log: every call to something outside that the daemon made, for one name or for all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual import work
from textual.app import ComposeResult

from daemon.client.call_query import CallQuery, parse_calls
from daemon.wire import CallView, EntityView
from daemon.words import counted
from nxtui import keys
from nxtui.draw import calls as drawn
from nxtui.draw.choice import filtered
from nxtui.draw.text import Line, fit
from nxtui.model.calls import CallWindow, MadeCall
from nxtui.model.known import Changes
from nxtui.model.trail import Place
from nxtui.screens.row_screen import RowScreen
from nxtui.widgets.ask import AskLine
from nxtui.widgets.callrows import CallRows
from nxtui.widgets.oneline import OneLine

MOST = 10_000
"""So many calls are asked for."""
REST = 0.15
"""Seconds that the cursor rests on a call before its bodies are asked for."""
OLDER = "This nxd tells of no calls: it is older than this nxtui."


class CallsScreen(RowScreen):
    """Calls in the order in which they ended, the newest at the bottom."""

    screen_name = "calls"
    BINDINGS = keys.bindings("calls")

    def __init__(self, name: str | None) -> None:
        super().__init__()
        self._of = name
        self._everything = name is None
        self._query = CallQuery()
        self._sought = ""
        self._bodies: CallView | None = None
        self._why_empty = ""
        self._whole_of: set[str | None] = set()
        """Whose calls the daemon has told: of others nothing is known but what was seen by the way."""

    def compose_body(self) -> ComposeResult:
        renderer = self.nx.renderer
        self.window = CallWindow(self.nx.fleet.calls)
        self.window.show(self._target)
        self.list = CallRows(renderer, self.window, self._empty, id="calls")
        self.head = OneLine(renderer, self._heading, ground="panel", id="calls-head")
        self.strips = [OneLine(renderer, self._strip(n), ground="panel", id=f"call-{n}") for n in range(3)]
        self.narrowed = OneLine(renderer, self._filter_words, ground="panel", id="calls-filter")
        self.narrowed.display = False
        self.ask = AskLine(hidden=True)
        yield self.head
        yield self.list
        yield from self.strips
        yield self.narrowed
        yield self.ask

    def on_mount(self) -> None:
        self.list.focus()
        self.fetch()

    @property
    def _target(self) -> str | None:
        return None if self._everything else self._of

    @work(exclusive=True, group="calls")
    async def fetch(self) -> None:
        """Get the calls that the daemon keeps; what comes later it tells by itself."""
        from daemon.client import DaemonRefused, DaemonUnreachable

        if self.nx.player is not None:
            return
        try:
            told = await self.nx.feed.client.calls_made(limit=MOST, target=self._target, tail=True)
        except DaemonRefused as refused:
            self._why_empty = OLDER if refused.status == 404 else refused.error["message"]
        except DaemonUnreachable:
            return
        else:
            self.nx.fleet.calls.merge(told)
            self._whole_of.add(self._target)
        self._redraw()

    def crumbs(self) -> tuple[str, ...]:
        window, entity = self.window, self.pointed()
        sums = f"{len(window.shown)} {self.nx.renderer.glyphs.dot} {window.failed} failed"
        if not self._is_told and self.nx.fleet.unknown:
            sums = self.nx.fleet.unknown
        if self._target is None:
            return ("calls", sums)
        within = (entity["cluster"],) if entity is not None and entity["kind"] == "node" else ()
        return (*within, self._target, "calls", sums)

    def place(self) -> Place:
        return Place("calls", self._of)

    def pointed(self) -> EntityView | None:
        if self._target is not None:
            return self.nx.fleet.find(self._target)
        call = self.window.selected
        return None if call is None or call.target is None else self.nx.fleet.find(call.target)

    def targets(self) -> list[EntityView]:
        return [entity] if (entity := self.pointed()) is not None else []

    def _empty(self) -> str:
        if self._why_empty:
            return self._why_empty
        if self.nx.player is not None:
            return "No call was recorded until now."
        if not self._is_told:
            unknown = self.nx.fleet.unknown
            return f"What was called is {unknown}." if unknown else "The daemon has not told them yet."
        return "No call fits." if self._query else "No call is kept."

    @property
    def _is_told(self) -> bool:
        """Whether the list is all that there is, by the daemon or by a recording."""
        return self.nx.player is not None or not self._whole_of.isdisjoint((None, self._target))

    def _heading(self, width: int) -> Line:
        if self._query.error:
            return [(fit(f" {self._query.error}", width), "attention")]
        line: Line = [(drawn.heading(width - 1, self.list.targets), "heading")]
        return line

    def _strip(self, number: int) -> Callable[[int], Line]:
        return lambda width: drawn.strip(self.window.selected, self.told_bodies(), width)[number]

    def told_bodies(self) -> CallView | None:
        """The bodies of the selected call, once they are there."""
        call, told = self.window.selected, self._bodies
        return told if told is not None and call is not None and told["id"] == call.id else None

    def changed(self, changes: Changes) -> None:
        if changes.whole:
            self.fetch()
        if self.window.extend():
            self.list.redraw()
            self._redraw_strip()
        self.redraw_frame()

    def _filter_words(self, width: int) -> Line:
        return filtered(self._query.text, f"{counted(len(self.window.shown), 'call')} left", width)

    def _redraw(self) -> None:
        self.window.extend()
        self.narrowed.display = bool(self._query.text) and not self.ask.display
        self.narrowed.redraw()
        self.list.redraw()
        self.head.redraw()
        self._redraw_strip()
        self.redraw_frame()

    def _redraw_strip(self) -> None:
        for line in self.strips:
            line.redraw()
        call = self.window.selected
        if call is not None and self.told_bodies() is None and (call.failed or call.method != "GET"):
            self._fetch_bodies(call)

    @work(exclusive=True, group="bodies")
    async def _fetch_bodies(self, call: MadeCall) -> None:
        await asyncio.sleep(REST)
        self._bodies = await self._whole(call)
        for line in self.strips:
            line.redraw()

    async def _whole(self, call: MadeCall) -> CallView:
        """A call with its bodies, as far as the daemon has it still."""
        from daemon.client import DaemonRefused, DaemonUnreachable

        if self.nx.player is None:
            try:
                told = await self.nx.feed.client.calls_made(after=call.id - 1, limit=1, bodies=True)
            except (DaemonRefused, DaemonUnreachable):
                told = []
            if told and told[0]["id"] == call.id:
                return told[0]
        return call.view()

    def to_row(self, row: int) -> None:
        before = self.window.cursor
        self.window.move_to(row)
        if self.window.cursor != before:
            self.list.keep_in_sight()
            self.list.refresh()
            self._redraw_strip()
            self.redraw_frame()

    @property
    def row_here(self) -> int:
        return self.window.cursor

    @property
    def row_last(self) -> int:
        return len(self.window)

    @property
    def rows_a_page(self) -> int:
        return self.list.size.height - 1

    def idle(self) -> frozenset[str]:
        sought = () if self._sought else ("next_hit",)
        return frozenset((*sought, *(() if len(self.window) else ("unfold", "copy_curl"))))

    def action_unfold(self) -> None:
        """Show each of several calls that are alike, or one row for all of them."""
        if self.window.toggle():
            self._redraw()
        else:
            self.nx.say("This row is one call.")

    def action_scope(self) -> None:
        """Everybody's calls, or those of the one that was asked for."""
        if self._of is None:
            self.nx.say("These are everybody's calls; C on a node or cluster shows its own.")
            return
        self._everything = not self._everything
        self.window.show(self._target)
        self.fetch()
        self._redraw()

    def action_search(self) -> None:
        self._asked = self._seek
        self.ask.open("/", self._sought, "text in path, intent or request id; n and N go on and back")

    def action_call_filter(self) -> None:
        self._asked = self._narrow
        self.ask.open("only", self._query.text, "status:5xx  service:vpc  ms:>1000  try:>1  !text")

    def _narrow(self, text: str) -> None:
        query = self._query = parse_calls(text)
        self.window.narrow((lambda call: query.keeps(call.view())) if query else None)

    def _seek(self, text: str) -> None:
        self._sought = self.list.sought = text.lower()
        if self._sought:
            self.window.seek(self._sought, True, self.window.cursor)

    def on_ask_line_changed(self, event: AskLine.Changed) -> None:
        self._asked(event.text)
        self._redraw()

    def on_ask_line_submitted(self, event: AskLine.Submitted) -> None:
        self.ask.close()
        self.list.focus()
        self._asked(event.text)
        self._redraw()

    def action_next_hit(self) -> None:
        self._step(True)

    def action_prev_hit(self) -> None:
        self._step(False)

    def _step(self, forward: bool) -> None:
        begin = self.window.cursor + (1 if forward else -1)
        if not self._sought or not self.window.seek(self._sought, forward, begin):
            self.nx.say("Nothing to go to: / searches.")
        self._redraw()

    def action_back(self) -> None:
        """End the search first, then the filter, then leave; a line that is open goes before them."""
        if self.ask.display:
            self.ask.action_clear()
        elif self._sought or self._query.text:
            if self._sought:
                self._seek("")
            else:
                self._narrow("")
            self._redraw()
        else:
            self.nx.close_screen(self)

    def copied_text(self) -> str:
        call = self.window.selected
        return "" if call is None else call.request_id or drawn.as_text(call)

    @work(exclusive=True, group="curl")
    async def action_copy_curl(self) -> None:
        """Copy the call as a command, without its secrets."""
        call = self.window.selected
        if call is not None:
            self.copy_text(drawn.as_curl(await self._whole(call)))
