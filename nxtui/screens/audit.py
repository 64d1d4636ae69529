"""The clouds against the ledger, both ways: looking changes nothing; strays go once they are marked and counted."""

from __future__ import annotations

import asyncio

from textual import work

from daemon.client import DaemonRefused, DaemonUnreachable
from daemon.wire import AuditView, EntityView, FindingView
from daemon.words import counted
from nxtui import keys
from nxtui.acts.verbs import VerbPrompt
from nxtui.draw import looks
from nxtui.draw.band import BandRow
from nxtui.draw.text import Line
from nxtui.model.known import Changes
from nxtui.model.times import clock
from nxtui.model.trail import Place
from nxtui.screens.page_screen import ANOTHER, HeadedScreen
from nxtui.screens.row_screen import RowScreen

POLL = 2.0
"""Seconds between two steps towards the end of what is deleted."""
STEPS = 900
"""So many steps are watched: a server takes some minutes to stop and to go."""


class AuditScreen(HeadedScreen, RowScreen):
    """Looks once when it opens, and again when a person asks."""

    screen_name = "audit"
    BINDINGS = keys.bindings("audit")

    def __init__(self) -> None:
        super().__init__()
        self.told: AuditView | None = None
        self.marked: set[str] = set()
        self._cursor = 0
        self._said = "Looking…"

    def on_mount(self) -> None:
        self.look()

    def crumbs(self) -> tuple[str, ...]:
        return ("audit",)

    def place(self) -> Place:
        return Place("audit")

    @property
    def findings(self) -> list[FindingView]:
        """The differences, strays first."""
        found = [] if self.told is None else self.told["findings"]
        order = ("unknown", "missing", "unasked")
        return sorted(found, key=lambda one: order.index(one["finding"]))

    @property
    def selected(self) -> FindingView | None:
        """The difference under the cursor."""
        return self.findings[self._cursor] if self._cursor < len(self.findings) else None

    def pointed(self) -> EntityView | None:
        one = self.selected
        return None if one is None or one["owner"] is None else self.nx.fleet.find(one["owner"])

    def targets(self) -> list[EntityView]:
        return [entity] if (entity := self.pointed()) is not None else []

    def changed(self, changes: Changes) -> None:
        if self.is_of_another():
            self.told, self._said = None, ANOTHER
            self.marked.clear()
            self._redraw()
        self.redraw_frame()

    def action_look_again(self) -> None:
        """Everything is compared once more."""
        self.look()

    @work(exclusive=True, group="audit")
    async def look(self) -> None:
        """Let the daemon compare, however long that takes."""
        self._said = "Looking…"
        self._redraw()
        await self._look()

    async def _look(self) -> None:
        try:
            self.told, self._said = await self.nx.feed.patient.audited(), ""
        except DaemonUnreachable as cause:
            self._said = str(cause)
        except DaemonRefused as refused:
            self._said = f"{refused.error['message']} {refused.error['remedy']}".strip()
        self.marked &= {one["id"] for one in self.findings if one["finding"] == "unknown"}
        self._cursor = max(0, min(self._cursor, len(self.findings) - 1))
        self._redraw()

    def _head_line(self, width: int) -> Line:
        if self._said:
            return [(f" {self._said}", "attention")]
        line: Line = [(" ", ""), *looks.audit_sums(self.findings, self.nx.renderer.glyphs)]
        if self.told is not None and "looked" in self.told:
            took = f", {self.told['seconds']:.1f} s" if "seconds" in self.told else ""
            line.append((f"   looked {clock(self.told['looked'])}{took}", "dim"))
        if self.marked:
            line.append((f"   {self.nx.renderer.glyphs.mark} {len(self.marked)} marked", "attention"))
        return line

    def _lines(self, width: int) -> list[Line]:
        glyphs = self.nx.renderer.glyphs
        lines = [
            line
            for number, one in enumerate(self.findings)
            for line in looks.finding(one, number == self._cursor, self.marked, width, glyphs)
        ]
        if self.told is None:
            return lines
        return [*lines, looks.agreement(self.told, glyphs)]

    # the cursor and the marks

    @property
    def row_here(self) -> int:
        return self._cursor

    @property
    def row_last(self) -> int:
        return len(self.findings)

    @property
    def rows_a_page(self) -> int:
        return max(1, self.page.size.height // 2)

    def to_row(self, row: int) -> None:
        self._cursor = max(0, min(row, len(self.findings) - 1))
        self._redraw()
        glyphs, width = self.nx.renderer.glyphs, self.page.room
        before = self.findings[: self._cursor]
        top = sum(len(looks.finding(one, False, (), width, glyphs)) for one in before)
        if not self.page.in_sight(top + 1):
            self.page.move(top - self.page.scroll_offset.y - self.page.size.height // 2)

    def action_mark_stray(self) -> None:
        """Mark the stray under the cursor, or no longer: what is marked can be deleted."""
        one = self.selected
        if one is None:
            return
        if one["finding"] != "unknown":
            self.nx.say("Only a stray can be marked: what is in the ledger goes by its verbs.")
            return
        self.marked ^= {one["id"]}
        self.to_row(self._cursor + 1)

    def copied_text(self) -> str:
        one = self.selected
        return "" if one is None else one["command"] or one["id"]

    # what deletes

    def band_rows(self) -> list[BandRow] | None:
        """What may be done with the marked strays; None where none is marked, so that the verbs are offered."""
        if not self.marked:
            return None
        text = f"{counted(len(self.marked), 'stray')} deleted for good; asks for the number"
        return [BandRow("d", "delete", text, deletes=True, action="discard")]

    def action_discard(self) -> None:
        """Delete the marked strays, once a person has typed how many they are."""
        if reason := self.nx.sender.barred():
            self.nx.say(f"delete: not now. {reason}", "warning")
        elif self.marked:
            self.nx.questions.begin(self._discard())

    async def _discard(self) -> None:
        from nxtui.screens.confirm import Confirm, Question

        chosen = [one for one in self.findings if one["id"] in self.marked]
        names = tuple(f"{one['kind']} {one['name']} ({one['id']})" for one in chosen)
        promise = (
            "What is listed is deleted for good. Another nxd with the same environment may have made it: "
            "its ledger is not asked."
        )
        prompt = VerbPrompt("name", "Delete {}?", promise, "is being deleted", deletes=True)
        question = Question("delete", prompt, names, (), word=str(len(names)), asks="how many:")
        if await self.nx.questions.ask(Confirm(self.nx.renderer, question)) is not None:
            self._delete([one["id"] for one in chosen])

    @work(exclusive=True, group="discard")
    async def _delete(self, ids: list[str]) -> None:
        """Go step by step until none of them stands."""
        self.marked.clear()
        try:
            for _ in range(STEPS):
                left = await self.nx.feed.patient.discard(ids, meant=True)
                if not left:
                    break
                self._said = f"Deleting: {counted(len(left), 'object')} still there…"
                self._redraw()
                await asyncio.sleep(POLL)
        except (DaemonUnreachable, DaemonRefused) as cause:
            said = cause.error["message"] if isinstance(cause, DaemonRefused) else str(cause)
            self.nx.say(f"delete: {said}", "error")
        else:
            self.nx.say(f"Deleted: {counted(len(ids), 'stray')}.")
        await self._look()
