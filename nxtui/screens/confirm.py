"""Asks before anything is done: shows what, has Cancel in focus, and takes only a typed ``y``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
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
from nxtui.draw import pages, plans
from nxtui.draw.renderer import Renderer
from nxtui.draw.text import Line
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

    @property
    def title(self) -> str:
        """``Roll back node02?``, or how many if there are several."""
        what = self.names[0] if len(self.names) == 1 else f"these {len(self.names)}"
        return self.prompt.question.format(what, step=self.step)


_KEYS = {
    "y": "confirm",
    "l,right": "unfold(True)",
    "h,left": "unfold(False)",
    "escape,n,q,enter,space": "cancel",
}

DEAF = 0.25
"""Seconds after it opened in which a question takes no key."""

_TIGHT = 12
"""Lines of a screen below which the question has no frame, so that what can be chosen is always seen."""


class Confirm(PageDialog[list[Plan] | None]):
    """Ends with the plans that were confirmed (none for a verb without), or with None for no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(typed, does, show=False) for typed, does in _KEYS.items()
    ]
    AUTO_FOCUS = ""

    def __init__(self, renderer: Renderer, question: Question) -> None:
        super().__init__()
        self._renderer = renderer
        self.question = question
        self.plans: list[Plan] | None = None if question.plans else []
        self.problem = ""
        self.checks: list[CheckView] | None = None
        self._check_problem = ""
        self._unfolded = False
        self.typed = question.word is None
        self.mistyped = False
        self.is_awake = False
        self.is_read = False
        self._room = 0

    @property
    def armed(self) -> bool:
        """Whether a ``y`` would do it."""
        return self.is_awake and self.plans is not None and self.typed and self.is_read

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key that was on its way when the question opened was not meant for it."""
        return self.is_awake

    def _wake(self) -> None:
        self.is_awake = True
        self._buttons.redraw()

    def _look(self) -> None:
        """Whether the last line that deletes something has been in sight."""
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
        self._buttons = _Buttons(self)
        with Vertical(id="dialog"):
            self._title_line = OneLine(self._renderer, self._compose_title, "panel")
            yield self._title_line
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
        lines, height = len(self._lines(self._page.room)), self.app.size.height
        self.set_class(height < _TIGHT, "-tight")
        asks = len(self.query(AskLine))
        room = height - 2 - asks if height < _TIGHT else height * 9 // 10 - 7
        self._title_line.display = height > 2 + asks
        self._room = max(1, min(lines, room))
        self._page.styles.height = self._room
        self._page.redraw()
        self._title_line.redraw()
        self._look()

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self._fit)

    def _lines(self, width: int) -> list[Line]:
        question = self.question
        lines = pages.paragraph(self._mild or question.prompt.promise, width)
        if self.problem:
            return [*lines, [], *pages.paragraph(self.problem, width, "failed-strong")]
        if self.plans is None:
            return [*lines, [], *pages.paragraph("Asking the daemon what would be done…", width, "dim")]
        if self.plans and not self._mild:
            lines += (
                pages.paragraph(lost, width, "failed-strong") if (lost := pages.losses(self.plans)) else []
            )
            lines.append([])
            glyphs = self._renderer.glyphs
            for plan in self.plans:
                lines += plans.sums(plan, width, glyphs) if plan["items"] else []
                if question.checks is not None:
                    lines += plans.check(self.checks, self._check_problem, glyphs)
                lines += plans.tree(plan, self._unfolded, width, glyphs)
                if stages := pages.plan_stages(plan, width):
                    lines += [[], *stages]
        elif len(question.names) > 1:
            lines += [[], *[[("  " + name, "strong")] for name in question.names]]
        if question.skipped:
            lines += [[], pages.heading(f"{counted(len(question.skipped), 'other')} left alone")]
            lines += pages.table(question.skipped, width)
        return lines

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
            return [*line, ("y", "key-strong"), (f" {verb}", "")]
        if not confirm.is_awake:
            return line
        if confirm.question.word is not None and not confirm.typed:
            if confirm.mistyped:
                return [*line, (f"That is not {confirm.question.word}.", "failed-strong")]
            return [*line, (f"type {confirm.question.asks.rstrip(':')} above, then y {verb}", "dim")]
        if confirm.plans is not None and not confirm.is_read:
            return [*line, ("G", "key-strong"), (f" shows what else is deleted, then y {verb}", "attention")]
        return [*line, ("y", "dim"), (f" {verb}", "dim")]

    def on_click(self, event: events.Click) -> None:
        if event.x < 13:
            self._confirm.action_cancel()
        elif event.x < 16 + len(self._confirm.question.verb) + 2:
            self._confirm.action_confirm()
