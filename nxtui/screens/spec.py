"""A spec before it is applied: its text with every mistake beside its line, then its plan."""

from __future__ import annotations

import contextlib
import os
import shlex
from pathlib import Path

from textual import work

from daemon import wire
from daemon.client import DaemonRefused, DaemonUnreachable
from daemon.display.encodings import NotText, text_in
from daemon.wire import Plan, SpecMistake
from daemon.words import counted
from nxtui import keys
from nxtui.draw import pages
from nxtui.draw.text import Line, clip, wrap
from nxtui.model.known import Changes
from nxtui.model.trail import Place
from nxtui.screens.page_screen import HeadedScreen, PageScreen
from nxtui.terminal import programs


class SpecScreen(HeadedScreen, PageScreen):
    """Reads a file, lets the daemon check it, and carries it there once a person has seen the plan."""

    screen_name = "spec"
    BINDINGS = keys.bindings("spec")

    def __init__(self, file: Path, draft: str = "", begun: str = "") -> None:
        super().__init__()
        self.file = file
        self.draft = draft
        """The cluster for which the daemon keeps this text as a draft; empty for a file of a person's own."""
        self._kept = begun
        """The text as the daemon has it: what was never changed is not kept."""
        self.text = ""
        self.problems: list[SpecMistake] = []
        self.said = "Asking the daemon what it would make…"
        self.plan: Plan | None = None
        self._seen: tuple[int, int] | None = None

    def on_mount(self) -> None:
        self.action_reread()

    def crumbs(self) -> tuple[str, ...]:
        return (self.draft, "draft") if self.draft else ("spec", self.file.name)

    def place(self) -> Place:
        return Place("spec", str(self.file))

    def changed(self, changes: Changes) -> None:
        self._redraw()

    def tick(self) -> None:
        """A file that was saved meanwhile is read again by itself; one that could not be checked is tried."""
        if self._stamp() != self._seen or (self.said and self.plan is None and not self.problems):
            self.action_reread()

    def _stamp(self) -> tuple[int, int] | None:
        try:
            found = self.file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size

    def action_reread(self) -> None:
        """Read the file and let it be checked."""
        self._seen = self._stamp()
        try:
            self.text = self._read()
        except NotText as cause:
            self._refuse("", f"It {cause}")
        except OSError as cause:
            self._refuse(f"It cannot be read ({cause.strerror}).")
        else:
            self.check()
            if self.draft and self.text != self._kept and self.nx.sender.barred() is None:
                self._keep(self.text)

    def _read(self) -> str:
        """The text. Raises NotText, OSError."""
        return text_in(self.file, wire.SPEC_LIMIT, "specs")

    @property
    def _named(self) -> str:
        """What stands in the first line."""
        return str(self.file)

    @property
    def _kept_where(self) -> str:
        """Where a draft is if the daemon does not take it."""
        return str(self.file)

    def on_unmount(self) -> None:
        """What the daemon has needs no file once nobody looks at it."""
        if self.draft and self.text == self._kept:
            with contextlib.suppress(OSError):
                self.file.unlink(missing_ok=True)

    @work(exclusive=True, group="keep")
    async def _keep(self, text: str) -> None:
        """Let the daemon keep the draft: it is there for the next window too."""
        try:
            await self.nx.feed.client.keep_draft(self.draft, text)
        except (DaemonRefused, DaemonUnreachable) as cause:
            said = cause.error["message"] if isinstance(cause, DaemonRefused) else str(cause)
            self.nx.say(f"The draft is kept in {self._kept_where} alone: {said}", "warning")
        else:
            self._kept = text

    def _refuse(self, reason: str, *mistakes: str) -> None:
        self.text, self.plan, self.problems, self.said = "", None, [], reason
        self.problems = [SpecMistake(line=None, column=None, message=one) for one in mistakes]
        self._redraw()

    @work(exclusive=True, group="check")
    async def check(self) -> None:
        """Let the daemon say what the spec would make, or what is wrong with it."""
        text = self.text
        try:
            plan, said, problems = await self.nx.feed.plan_spec(text), "", list[SpecMistake]()
        except DaemonUnreachable as cause:
            plan, said, problems = None, str(cause), []
        except DaemonRefused as refused:
            problems = refused.problems
            said = "" if problems else f"{refused.error['message']} {refused.error['remedy']}"
            plan = None
        if text == self.text:
            news = problems != self.problems
            self.plan, self.said, self.problems = plan, said, problems
            self._redraw()
            if news and not any(self.page.in_sight(y) for y in self._mistaken()):
                self._to_mistake_after(0)

    def _head_line(self, width: int) -> Line:
        line: Line = [(f" {clip(self._named, max(10, width // 2))}  ", "strong")]
        if self.problems:
            return [*line, (f"{self.nx.renderer.glyphs.phase['failed']} ", "failed"),
                    (counted(len(self.problems), "mistake"), "failed-strong")]  # fmt: skip
        if self.plan is None:
            return [*line, (self.said, "attention")]
        correct = (f"{self.nx.renderer.glyphs.phase['ok']} correct", "ok")
        return [*line, correct, (f"  {self.plan['target']}: ", "dim"), *pages.plan_counts([self.plan])]

    def _lines(self, width: int) -> list[Line]:
        """The text with line numbers; what is wrong stands beneath its line."""
        beneath: dict[int, list[SpecMistake]] = {}
        for problem in self.problems:
            beneath.setdefault(problem["line"] or 0, []).append(problem)
        text = self.text.splitlines()
        numbers = len(str(max(1, len(text))))
        lines = [line for problem in beneath.pop(0, []) for line in self._mistake(problem, numbers, width)]
        for number, said in enumerate(text, 1):
            wrong = beneath.pop(number, [])
            ink = "failed-strong" if wrong else ""
            lines.append([(f"{number:>{numbers}} ", "failed" if wrong else "dim"), (said.expandtabs(4), ink)])
            lines += [line for problem in wrong for line in self._mistake(problem, numbers, width)]
        for left in beneath.values():
            lines += [line for problem in left for line in self._mistake(problem, numbers, width)]
        return lines

    def _mistake(self, problem: SpecMistake, numbers: int, width: int) -> list[Line]:
        glyph = self.nx.renderer.glyphs.phase["failed"]
        where = f"line {problem['line']}, column {problem['column']}: " if problem["line"] else ""
        parts = wrap(where + problem["message"], width - numbers - 4)
        lead = " " * (numbers + 1)
        return [
            [(f"{lead}{glyph if not place else ' '} ", "failed"), (part, "attention")]
            for place, part in enumerate(parts)
        ]

    def copied_text(self) -> str:
        told = [f"{p['line'] or '-'}:{p['column'] or '-'}: {p['message']}" for p in self.problems]
        return "\n".join(told) or self.text

    def idle(self) -> frozenset[str]:
        return frozenset(() if self.problems else ("next_problem",))

    def action_next_problem(self) -> None:
        """Scroll to the next mistake below the top of the page, then round to the first."""
        if not self._mistaken():
            self.nx.say("There is no mistake in it.")
        else:
            self._to_mistake_after(self.page.scroll_offset.y + 2)

    def action_prev_problem(self) -> None:
        """Scroll to the mistake above the top of the page, then round to the last."""
        marks = self._mistaken()
        above = [y for y in marks if y < self.page.scroll_offset.y + 2]
        if marks:
            self._show_mistake((above or marks)[-1])
        else:
            self.nx.say("There is no mistake in it.")

    def _mistaken(self) -> list[int]:
        """The lines on the page at which a mistake is told."""
        glyph = self.nx.renderer.glyphs.phase["failed"]
        return [y for y, line in enumerate(self.page.lines) if line and line[0][0].strip() == glyph]

    def _to_mistake_after(self, here: int) -> None:
        marks = self._mistaken()
        if marks:
            target = next((y for y in marks if y > here), marks[0])
            self._show_mistake(target)

    def _show_mistake(self, y: int) -> None:
        self.page.scroll_to(y=max(0, y - 2), animate=False, force=True)

    def action_confirm_spec(self) -> None:
        """Show the plan and ask; then apply exactly that plan."""
        self.nx.questions.begin(self._confirm_spec())

    async def _confirm_spec(self) -> None:
        reason = self.nx.sender.barred()
        if reason is None and self.plan is None:
            reason = "The mistakes are to be mended first." if self.problems else self.said
        if reason is None and self.plan is not None and not self.plan["items"]:
            reason = f"{self.plan['target']} has just this spec already: there is nothing to do."
        if reason is not None or self.plan is None:
            self.nx.say(f"apply: not now. {reason}", "warning")
        elif await self.nx.sender.apply(self.text, self.plan, self._command()):
            self.nx.close_screen(self)
            self.nx.following.expect(self.plan["target"])

    def _command(self) -> str:
        """What applies the same in a shell."""
        if self.draft:
            return f"nxd spec {shlex.quote(self.draft)} --draft | nxd apply -"
        return f"nxd apply {shlex.quote(str(self.file))}"

    def action_checks(self) -> None:
        """Look up everything that this text needs."""
        self.nx.go(Place("checks", str(self.file)))

    def action_edit(self) -> None:
        """Open the file in the person's editor; nxtui steps aside meanwhile."""
        editor = programs.named_editor(os.environ)
        if not editor:
            self.nx.say("No editor is here: set EDITOR. A saved change is seen by itself.", "warning")
            return
        try:
            command = programs.editor(editor, self.file, self._place())
        except ValueError as cause:
            self.nx.say(f"The editor {editor} cannot be started ({cause}).", "warning")
            return
        self.nx.lend(command)
        self.action_reread()

    def _place(self) -> tuple[int, int] | None:
        """Line and column of the first mistake that can be seen, else of the first one; None without any."""
        in_order = sorted(self.problems, key=lambda problem: problem["line"] or 0)
        told = [(y, one) for y, one in zip(self._mistaken(), in_order, strict=False) if one["line"]]
        seen = [one for y, one in told if self.page.in_sight(y)]
        first = next(iter(seen or [one for _, one in told]), None)
        return (first["line"] or 1, first["column"] or 1) if first is not None else None
