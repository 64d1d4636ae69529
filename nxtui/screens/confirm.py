"""Asks before anything is done: shows what, has Cancel in focus, and takes only a typed ``y``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from daemon.client import DaemonRefused, DaemonUnreachable
from daemon.wire import CheckView, Plan
from daemon.words import counted
from nxtui.acts.verbs import VerbPrompt
from nxtui.draw import looks, pages, plans, tries
from nxtui.draw.renderer import Renderer
from nxtui.draw.text import Line, width_of
from nxtui.screens.dialog import PageDialog
from nxtui.widgets.ask import AskLine
from nxtui.widgets.oneline import OneLine
from nxtui.widgets.page import Page

if TYPE_CHECKING:
    from nxtui.app import NxTui

Plans = Callable[[], Awaitable[list[Plan]]]


@dataclass(frozen=True)
class Question:
    """What is to be confirmed. With ``plans`` it is fetched and shown, with ``word`` it must be typed."""

    verb: str
    prompt: VerbPrompt
    names: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]
    plans: Plans | None = None
    word: str | None = None
    step: str = ""
    checks: Callable[[], Awaitable[list[CheckView]]] | None = None
    """A look at everything that it needs, which is told beside the plan."""
    asks: str = "its name:"
    """What is asked for where a word must be typed."""
    command: Callable[[Plan], str] | None = None
    """The command that does just this plan, for a shell; None where there is none."""

    @property
    def title(self) -> str:
        """``Roll back node02?``, or how many if there are several."""
        what = self.names[0] if len(self.names) == 1 else f"these {len(self.names)}"
        return self.prompt.question.format(what, step=self.step)


_KEYS = {
    "y": "confirm",
    "l,right": "unfold(True)",
    "h,left": "unfold(False)",
    "right_square_bracket": "to_change(1)",
    "left_square_bracket": "to_change(-1)",
    "Y": "copy_command",
    "P": "show_checks",
    "escape,n,q,enter,space": "cancel",
}

DEAF = 0.25
"""Seconds after it opened in which a question takes no key."""

_LEFT = 4
"""Lines of a plan that are scrolled at least, where its sum stays in sight."""
_TIGHT = 12
"""Lines of a screen below which the question has no frame, so that what can be chosen is always seen."""


class Confirm(PageDialog[list[Plan] | None]):
    """Ends with the plans that were confirmed (none for a verb without), or with None for no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(typed, does, show=False) for typed, does in _KEYS.items()
    ]
    AUTO_FOCUS = ""
    DEFAULT_CSS = "Confirm > #dialog > #sum { margin: 1 0 0 0; height: auto; }"

    def __init__(self, renderer: Renderer, question: Question) -> None:
        super().__init__()
        self._renderer = renderer
        self.question = question
        self.plans: list[Plan] | None = None if question.plans else []
        self.problem = ""
        self.checks: list[CheckView] | None = None
        self._check_problem = ""
        self._unfolded = False
        self.shows_checks = False
        """Whether the preflight stands in the place of the plan."""
        self.typed = question.word is None
        self.mistyped = False
        self.is_awake = False
        self.said = ""
        """What became of what was copied."""
        self.is_read = False
        self._room = 0

    @property
    def armed(self) -> bool:
        """Whether a ``y`` would do it."""
        ready = self.is_awake and self.plans is not None and self.typed and self.is_read
        return ready and not self.failed

    @property
    def failed(self) -> int:
        """How many checks of the preflight failed: with one that did nothing is applied from here."""
        return sum(one["result"] == "failed" for one in self.checks or ())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key that was on its way when the question opened was not meant for it."""
        return self.is_awake

    def _wake(self) -> None:
        self.is_awake = True
        self._buttons.redraw()

    def _look(self) -> None:
        """Whether the last line that deletes something has been in sight."""
        if self.shows_checks:
            return
        last = max((y for y, line in enumerate(self._page.lines) if plans.deletes(line)), default=-1)
        if self.plans is not None and not self.is_read and last < self._page.scroll_offset.y + self._room:
            self.is_read = True
        self._buttons.redraw()

    @property
    def _mild(self) -> str:
        """What is promised in place of a plan that holds nothing, where the verb mostly does nothing to be shown."""
        empty = self.plans is not None and not any(plan["items"] for plan in self.plans)
        return self.question.prompt.mild if empty else ""

    def compose(self) -> ComposeResult:
        self._page = Page(self._renderer, self._lines, ground="panel", id="page")
        self._sum = Page(self._renderer, self._sum_lines, ground="panel", id="sum")
        self._buttons = _Buttons(self)
        with Vertical(id="dialog"):
            self._title_line = OneLine(self._renderer, self._compose_title, "panel")
            yield self._title_line
            yield self._sum
            yield self._page
            if self.question.word is not None:
                yield AskLine(self.question.asks, "", f"type {self.question.word}, then Enter")
            yield self._buttons

    def _compose_title(self, width: int) -> Line:
        counts = [("   ", ""), *pages.plan_counts(self.plans)] if self.plans and not self._mild else []
        return [(" " + self.question.title, "title"), *counts]

    def on_mount(self) -> None:
        self.set_timer(DEAF, self._wake)
        self.watch(self._page, "scroll_y", self._look, init=False)
        if self.question.plans is not None:
            self._fetch(self.question.plans)
        self.call_after_refresh(self._fit)

    @work(exclusive=True)
    async def _fetch(self, asked: Plans) -> None:
        try:
            self.plans = await asked()
        except DaemonUnreachable as cause:
            self.problem = str(cause)
        except DaemonRefused as refused:
            self.problem = f"{refused.error['message']} {refused.error['remedy']}"
        self._fit()
        if self.question.checks is not None and not self.problem:
            await self._check(self.question.checks)

    async def _check(self, look: Callable[[], Awaitable[list[CheckView]]]) -> None:
        """Tell what a preflight says, however long that takes; nobody has to wait for it."""
        try:
            self.checks = await look()
        except DaemonUnreachable as cause:
            self._check_problem = str(cause)
        except DaemonRefused as refused:
            self._check_problem = refused.error["message"]
        self._fit()

    def _fit(self) -> None:
        """As high as what it says, as far as the screen goes."""
        height, sums = self.app.size.height, self._sum_lines(self._page.room)
        self.set_class(height < _TIGHT, "-tight")
        self._sum.display = self._stays(sums)
        self._sum.styles.height = len(sums)
        self._sum.redraw()
        lines = len(self._lines(self._page.room))
        asks = len(self.query(AskLine))
        room = height - 2 - asks if height < _TIGHT else height * 9 // 10 - 7
        room -= len(sums) + 1 if self._sum.display else 0
        self._title_line.display = height > 2 + asks
        self._room = max(1, min(lines, room))
        self._page.styles.height = self._room
        self._page.redraw()
        self._title_line.redraw()
        self._look()

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self._fit)

    def _sum_lines(self, width: int) -> list[Line]:
        """What one plan comes to, which stays in sight while it is scrolled."""
        if self._mild or not self.plans or not any(plan["items"] for plan in self.plans):
            return []
        glyphs = self._renderer.glyphs
        lines = plans.sums(self.plans, width, glyphs)
        if self.question.checks is not None:
            lines += plans.check(self.checks, self._check_problem, glyphs)
        return lines

    def _stays(self, sums: Sequence[Line]) -> bool:
        """Whether there is room for the sum beside what is scrolled."""
        return bool(sums) and len(sums) <= self.app.size.height * 9 // 10 - 7 - _LEFT

    def _lines(self, width: int) -> list[Line]:
        question = self.question
        if self.shows_checks:
            return looks.checks(self.checks or (), True, width, self._renderer.glyphs)
        tried = self._tried(width)
        lines = [] if tried else pages.paragraph(self._mild or question.prompt.promise, width)
        if self.problem:
            return [*lines, [], *pages.paragraph(self.problem, width, "failed-strong")]
        if self.plans is None:
            return [*lines, [], *pages.paragraph("Asking the daemon what would be done…", width, "dim")]
        lines += tried
        if self.plans and not self._mild:
            lines += (
                pages.paragraph(lost, width, "failed-strong") if (lost := pages.losses(self.plans)) else []
            )
            lines.append([])
            glyphs = self._renderer.glyphs
            sums = self._sum_lines(width)
            lines += [] if self._stays(sums) else sums
            for plan in self.plans:
                lines += plans.tree(plan, self._unfolded, width, glyphs)
                if not tried and (stages := pages.plan_stages(plan, width)):
                    lines += [[], *stages]
        if len(question.names) > 1 and self.plans:
            lines += [[], *tries.each(self.plans, width, self._renderer.glyphs)]
        elif len(question.names) > 1:
            lines += [[], *[[("  " + name, "strong")] for name in question.names]]
        if question.skipped:
            lines += [[], pages.heading(f"{counted(len(question.skipped), 'other')} left alone")]
            lines += pages.table(question.skipped, width)
        return lines

    def _tried(self, width: int) -> list[Line]:
        """Where another try begins, what it does and loses, how long it takes, and what then."""
        if not self.plans:
            return []
        glyphs = self._renderer.glyphs
        if len(self.plans) == 1:
            return tries.one(self.plans[0], width, glyphs)
        return tries.several(self.plans, width, glyphs)

    def on_ask_line_changed(self, event: AskLine.Changed) -> None:
        event.stop()

    def on_ask_line_submitted(self, event: AskLine.Submitted) -> None:
        """The right name arms ``y``; it does nothing by itself. Escape leaves."""
        if not self.is_awake and not event.given_up:
            return
        if not event.text:
            self.end(None)
        elif event.text == self.question.word:
            self.typed, self.mistyped = True, False
            event.ask.remove()
            self.set_focus(None)
            self._buttons.redraw()
        else:
            self.mistyped = True
            self._buttons.redraw()

    def action_unfold(self, unfolded: bool) -> None:
        """Every name of what is made, or alike things in one line."""
        self._unfolded = unfolded
        self._fit()

    def action_to_change(self, by: int) -> None:
        """To the next line that changes or deletes something, or the one before, at last to the top."""
        marks = [y for y, line in enumerate(self._page.lines) if plans.takes(line)]
        top, last = self._page.scroll_offset.y, max(0, len(self._page.lines) - self._room)
        ahead = [y for y in marks if y > top] if by > 0 else [*(y for y in reversed(marks) if y < top), 0]
        if ahead and not self.shows_checks:
            self._page.move(min(ahead[0], last) - top)

    def action_copy_command(self) -> None:
        """Copy what does this plan, and no other, in a shell."""
        if self.plans and self.question.command is not None:
            text = "\n".join(map(self.question.command, self.plans))
            self.said = f"{cast('NxTui', self.app).copy(text)}: {text.partition(' ')[0]} … --plan"
            self._buttons.redraw()

    def action_show_checks(self) -> None:
        """Everything that the preflight looked at in the place of the plan, and back."""
        if self.checks is not None:
            self.shows_checks = not self.shows_checks
            self._fit()
            self.action_scroll_top()

    def action_confirm(self) -> None:
        """Yes, if there is something to say yes to."""
        if self.armed:
            self._confirm_typed()

    @work(exclusive=True, group="confirm")
    async def _confirm_typed(self) -> None:
        if await cast("NxTui", self.app).are_typed() and self.armed:
            self.end(self.plans)

    def action_cancel(self) -> None:
        """No."""
        self.end(None)

    @property
    def page(self) -> Page:
        return self._page


class _Buttons(OneLine):
    """Cancel, drawn as what has the focus, and the key that confirms."""

    def __init__(self, confirm: Confirm) -> None:
        super().__init__(confirm._renderer, self._compose_line, "panel", id="buttons")
        self._confirm = confirm

    def _compose_line(self, width: int) -> Line:
        confirm = self._confirm
        verb = confirm.question.verb
        line: Line = [("  ", ""), ("[ Cancel ]", "chosen"), ("   ", "")]
        if confirm.armed:
            return self._with_keys([*line, ("y", "key-strong"), (f" {verb}", "")], width)
        if confirm.failed:
            barred = f"no {verb}: {counted(confirm.failed, 'check')} failed"
            return self._with_keys([*line, (barred, "failed-strong")], width)
        if not confirm.is_awake:
            return line
        if confirm.question.word is not None and not confirm.typed:
            if confirm.mistyped:
                return [*line, (f"That is not {confirm.question.word}.", "failed-strong")]
            return [*line, (f"type {confirm.question.asks.rstrip(':')} above, then y {verb}", "dim")]
        if confirm.plans is not None and not confirm.is_read:
            return [*line, ("G", "key-strong"), (f" shows what else is deleted, then y {verb}", "attention")]
        return [*line, ("y", "dim"), (f" {verb}", "dim")]

    def _with_keys(self, line: Line, width: int) -> Line:
        """The line, with the keys that look at what is asked, as far as they fit."""
        confirm = self._confirm
        if confirm.said:
            return [*line, (f"   {confirm.said}", "dim")]
        takes = any(plans.takes(one) for one in confirm.page.lines)
        offered = (
            ("P", "plan" if confirm.shows_checks else "preflight", confirm.checks is not None),
            ("Y", "copy as a command", confirm.question.command is not None and bool(confirm.plans)),
            ("]", "next ~ or -", takes and confirm.page.max_scroll_y > 0),
        )
        for key, does, is_there in offered:
            if is_there and width_of(line) + len(key) + len(does) + 4 <= width:
                line = [*line, (f"   {key}", "key-strong"), (f" {does}", "dim")]
        return line

    def on_click(self, event: events.Click) -> None:
        if event.x < 13:
            self._confirm.action_cancel()
        elif event.x < 16 + len(self._confirm.question.verb) + 2:
            self._confirm.action_confirm()
