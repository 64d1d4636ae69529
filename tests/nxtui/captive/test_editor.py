"""In a captive window a draft is edited in the window itself: nothing is started, and no file is written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from canned_looks import IN_FORCE
from textual import events

from nxtui.captive.settings import CaptiveSettings
from nxtui.captive.window import CaptiveNxTui
from nxtui.screens.draft import DraftScreen
from nxtui.screens.editor import EditorScreen

Open = Callable[..., Any]


@pytest.fixture
def captive(daemon: Any, hands: Any, window: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    return lambda: window(app=CaptiveNxTui(CaptiveSettings(socket=daemon.socket), False, hands.monotonic))


async def edited(w: Any) -> EditorScreen:
    await w.press("S")
    await w.shows("waits to be in force")
    await w.press("e")
    await w.until(lambda: isinstance(w.app.screen, EditorScreen), "the editor")
    screen: EditorScreen = w.app.screen
    return screen


async def test_a_draft_is_edited_checked_kept_and_applied_without_a_file(
    captive: Open, tmp_path: Path
) -> None:
    async with captive() as w:
        w.daemon.looks.nothing_fails()
        editor = await edited(w)
        assert editor.area.text == IN_FORCE
        await w.press(*"# bad", "enter", "tab", "escape")
        await w.shows("1 mistake")
        assert "there is no profile of that name" in w.frame
        await w.until(
            lambda: w.daemon.looks.drafts["demo"] == "# bad\n  " + IN_FORCE, "the draft with the daemon"
        )
        await w.press("e")
        await w.until(lambda: isinstance(w.app.screen, EditorScreen), "the editor again")
        assert w.app.screen.area.cursor_location == (0, 5), "it begins at the mistake"
        await w.press("shift+home", "delete", "delete", "delete", "delete", "escape")
        await w.shows("correct")
        await w.press("enter")
        await w.shows("y apply")
        await w.press("y")
        await w.until(lambda: w.daemon.specs, "the spec")
        assert w.daemon.specs[0]["spec"] == IN_FORCE
        assert os.listdir(tmp_path) == []


async def test_what_is_pasted_into_the_editor_is_text_and_what_was_not_changed_is_not_kept(
    captive: Open,
) -> None:
    async with captive() as w:
        await edited(w)
        await w.press("escape")
        await w.shows("correct")
        assert w.daemon.looks.drafts == {}
        await w.press("e")
        await w.until(lambda: isinstance(w.app.screen, EditorScreen), "the editor")
        w.app.post_message(events.Paste("# y a d y\n# \x1b[31mred\n"))
        await w.shows("# y a d y")
        await w.press("escape")
        await w.until(lambda: w.daemon.looks.drafts, "the draft")
        assert w.daemon.looks.drafts["demo"].startswith("# y a d y\n") and w.daemon.verbs == []
        assert isinstance(w.app.screen, DraftScreen) and "\x1b" not in w.frame


async def test_a_draft_of_a_lost_connection_is_offered_again(captive: Open) -> None:
    async with captive() as w:
        await edited(w)
        await w.press(*"# mine", "enter")
        await w.daemon.stop()
        await w.press("escape")
        await w.shows("LOST")
        await w.shows("# mine")
        await w.daemon.start()
        await w.shows("LIVE")
        await w.until(lambda: w.daemon.looks.drafts, "the draft, once there is a daemon")
