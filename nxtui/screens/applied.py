"""The spec of a cluster as the daemon keeps it, with what became of each line, and the draft of another one."""

from __future__ import annotations

from textual import work

from daemon.client import DaemonRefused, DaemonUnreachable
from daemon.wire import DraftView, EntityView, SpecText
from nxtui import keys
from nxtui.draw import spec as drawn
from nxtui.draw.export import left_draft
from nxtui.draw.text import Line, spread
from nxtui.model.known import Changes
from nxtui.model.times import minute
from nxtui.model.trail import Place
from nxtui.screens.page_screen import HeadedScreen, PageScreen

NO_RECORDING = "A recording holds no spec."
NO_DRAFT = "There is no draft of it: e begins one."


class AppliedScreen(HeadedScreen, PageScreen):
    """Reads the spec again whenever the cluster changes. It is never edited in place: what is edited is a draft."""

    screen_name = "applied"
    BINDINGS = keys.bindings("applied")

    def __init__(self, cluster: str) -> None:
        super().__init__()
        self.cluster = cluster
        self.told: SpecText | None = None
        self.draft: DraftView | None = None
        """The draft with its text, while that is shown."""
        self._why_empty = ""
        self._left: tuple[float, str] | None = None
        """A draft that the daemon has not got, and when it was written."""

    def on_mount(self) -> None:
        self.fetch()

    def crumbs(self) -> tuple[str, ...]:
        return (self.cluster, "draft" if self.draft is not None else "spec")

    def place(self) -> Place:
        return Place("applied", self.cluster)

    def pointed(self) -> EntityView | None:
        return self.nx.fleet.clusters.get(self.cluster)

    def targets(self) -> list[EntityView]:
        return [entity] if (entity := self.pointed()) is not None else []

    def changed(self, changes: Changes) -> None:
        if changes.whole or self.cluster in changes.clusters:
            self.fetch()
        self.redraw_frame()

    @work(exclusive=True, group="applied")
    async def fetch(self) -> None:
        """Get the spec; if the daemon cannot be asked, what is shown stays."""
        if self.nx.player is not None:
            self._why_empty = NO_RECORDING
        else:
            try:
                self.told = await self.nx.feed.client.spec(self.cluster)
                self._left = await self._left_behind()
            except DaemonRefused as refused:
                self.told, self._why_empty = None, refused.error["message"]
            except DaemonUnreachable:
                return
        self._redraw()

    def _head_line(self, width: int) -> Line:
        told = self.told
        if self.draft is not None:
            kept = f" draft, kept {minute(self.draft['time'])} by {self.draft['by']}, not applied"
            return [(kept, "attention")]
        if told is None:
            return []
        line: Line = [(" in force", "strong")]
        if (applied := told.get("applied")) is not None:
            dot = self.nx.renderer.glyphs.dot
            when = (
                f"  applied {minute(applied['time'])} by {applied['by']} {dot} revision {applied['revision']}"
            )
            line.append((when, "dim"))
        differs = sum(mark.get("differs", False) for mark in told.get("marks", ()))
        if differs:
            line[0] = (" waits to be in force", "attention")
        if self._left is not None:
            return spread(line, [(f"e offers the draft of {minute(self._left[0])} again ", "key")], width)
        if (draft := told.get("draft")) is not None:
            return spread(line, [(f"Tab shows the draft of {minute(draft['time'])} ", "key")], width)
        return line

    def _lines(self, width: int) -> list[Line]:
        glyphs = self.nx.renderer.glyphs
        if self.draft is not None:
            return drawn.read_back(self.draft.get("spec", ""), (), width, glyphs)
        if self.told is None:
            return [[(self._why_empty or self.nx.fleet.not_told, "dim")]]
        return drawn.read_back(self.told["spec"], self.told.get("marks", []), width, glyphs)

    def copied_text(self) -> str:
        shown = self.draft if self.draft is not None else self.told
        return "" if shown is None else shown.get("spec", "")

    # marks

    def _marked(self) -> list[int]:
        told = self.told
        return (
            [] if told is None or self.draft is not None else [m["line"] - 1 for m in told.get("marks", ())]
        )

    def action_next_difference(self) -> None:
        """To the next line of which something is told."""
        here = self.page.scroll_offset.y + 2
        marks = self._marked()
        self._to(next((y for y in marks if y > here), marks[0] if marks else None))

    def action_prev_difference(self) -> None:
        """To the line before of which something is told."""
        here = self.page.scroll_offset.y + 2
        marks = self._marked()
        self._to(next((y for y in reversed(marks) if y < here), marks[-1] if marks else None))

    def _to(self, line: int | None) -> None:
        if line is None:
            self.nx.say("Nothing is told of any line.")
        else:
            self.page.scroll_to(y=max(0, line - 2), animate=False, force=True)

    # drafts

    def idle(self) -> frozenset[str]:
        is_kept = self.told is not None and self.told.get("draft") is not None
        drafts = ("plan_draft", "show_draft") if not (is_kept or self.draft or self._left) else ()
        return frozenset((*drafts, *(() if self._marked() else ("next_difference",))))

    def action_show_draft(self) -> None:
        """The draft in place of what is in force, and back."""
        if self.draft is not None:
            self.draft = None
            self._redraw()
        else:
            self._show_draft()

    @work(exclusive=True, group="draft")
    async def _show_draft(self) -> None:
        self.draft = await self._fetch_draft()
        if self.draft is None:
            self.nx.say(NO_DRAFT)
        self._redraw()

    async def _fetch_draft(self) -> DraftView | None:
        """The draft with its text; None where there is none, or nobody can be asked."""
        try:
            return await self.nx.feed.client.draft(self.cluster)
        except (DaemonRefused, DaemonUnreachable):
            return None

    def action_plan_draft(self) -> None:
        """Open the draft with its mistakes or its plan."""
        self._open_draft(edits=False)

    def action_edit_draft(self) -> None:
        """Open a draft in the editor: the one that is kept, else a copy of what is in force."""
        self._open_draft(edits=True)

    @work(exclusive=True, group="draft")
    async def _open_draft(self, edits: bool) -> None:
        draft = await self._fetch_draft()
        text = draft.get("spec") if draft is not None else None
        if text is None and edits and self.told is not None:
            text = self.told["spec"]
        left = await self._left_behind()
        if left is not None:
            self.nx.say(f"This draft of {minute(left[0])} the daemon has not got: it is offered again.")
            text = left[1]
        if text is None:
            self.nx.say(NO_DRAFT)
            return
        self.draft = None
        self.nx.open_draft(self.cluster, text, edits, is_known=left is None)

    async def _left_behind(self) -> tuple[float, str] | None:
        """The draft that a window left here whose link was lost, with when that was, unless the daemon has it."""
        left = left_draft(self.cluster) if self.nx.writes_files else None
        if left is None:
            return None
        kept = await self._fetch_draft()
        texts = ("" if kept is None else kept.get("spec"), "" if self.told is None else self.told["spec"])
        return None if left[1] in texts else left

    def action_back(self) -> None:
        """From the draft to what is in force, then away."""
        if self.draft is not None:
            self.action_show_draft()
        else:
            self.nx.close_screen(self)
