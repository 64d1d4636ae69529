"""A fault of the window itself is kept, told in a sentence, and ends no window that can go on without it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.app import ComposeResult

from nxtui import faults
from nxtui.draw.text import Line
from nxtui.faults import FatalFault
from nxtui.screens.dialog import Dialog
from nxtui.widgets.page import Page

Open = Callable[..., Any]


@pytest.fixture(autouse=True)
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of faults."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return faults.file_of(os.environ)


class Broken(Dialog[None]):
    """A screen with a fault in each of its ways."""

    BINDINGS = [("x", "fail", "")]  # noqa: RUF012 (Textual's own form)

    def __init__(self, renderer: Any, where: str) -> None:
        super().__init__()
        self._renderer = renderer
        self._where = where

    def compose(self) -> ComposeResult:
        if self._where == "compose":
            raise ValueError("no such part")
        yield Page(self._renderer, self._lines)

    def on_mount(self) -> None:
        if self._where == "mount":
            raise ValueError("no such place")

    def _lines(self, width: int) -> list[Line]:
        if self._where == "draw":
            raise ValueError("no such line")
        return [[("here", "")]]

    async def _work(self) -> None:
        raise ValueError("no such work")

    def action_fail(self) -> None:
        if self._where == "worker":
            self.run_worker(self._work())
        else:
            raise ValueError("no such key")


def _kept(book: Path) -> tuple[str, int]:
    return book.read_text(), stat.S_IMODE(book.stat().st_mode)


@pytest.mark.parametrize("where", ["compose", "mount", "draw", "key", "worker"])
async def test_a_fault_of_a_screen_is_told_and_kept_and_the_window_goes_on(
    window: Open, book: Path, where: str
) -> None:
    async with window((140, 45)) as w:
        w.app.push_screen(Broken(w.app.renderer, where))
        await w.pilot.pause()
        if where in ("key", "worker"):
            await w.press("x", "x")
        await w.until(lambda: w.app.faults, "the fault")
        if where in ("compose", "mount"):
            await w.until(lambda: len(w.app.screen_stack) == 1, "the end of a screen that is not whole")
        else:
            w.app.close_top()
        await w.shows("A fault of nxtui itself: ValueError in test_faults.py:")
        assert "Traceback" not in w.frame
        await w.press("L")
        await w.shows("node02 › log")
        w.app.faults.clear()
    kept, mode = _kept(book)
    assert "ValueError: no such " in kept
    assert mode == 0o600


async def test_a_window_that_meets_faults_without_end_says_why_it_ends(window: Open, book: Path) -> None:
    with pytest.raises(
        FatalFault, match=r"had to end. The daemon goes on working: start nxtui again"
    ) as ended:
        async with window() as w:
            for _ in range(faults.MOST + 1):
                w.app.meet(ValueError("again"))
            await w.until(lambda: not w.app.is_running, "the end")
    assert "\n" not in str(ended.value)
    assert _kept(book)[0].count("ValueError: again") == 2, "the first, and the one that was too many"


def test_a_fault_that_cannot_be_kept_is_said_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    environment = {"XDG_STATE_HOME": str(tmp_path / "file")}
    said = faults.farewell(ValueError("x"), lambda error: faults.keep(error, environment))
    assert "could not be written" in said and "ValueError" in said


def test_the_file_of_faults_does_not_grow_without_end(book: Path) -> None:
    book.parent.mkdir(parents=True)
    book.write_text("x" * (faults.KEPT + 1))
    faults.keep(ValueError("new"), os.environ)
    assert book.stat().st_size < 1000
    assert book.with_suffix(".log.1").stat().st_size > faults.KEPT
