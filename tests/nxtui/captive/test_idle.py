"""A captive window that nobody touches only looks after a while, and ends after a longer one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nxtui.captive.settings import BadCaptiveSettings, CaptiveSettings, read
from nxtui.captive.window import CaptiveNxTui


def _title(app: CaptiveNxTui) -> str:
    """The first line of the screen."""
    strips = app.screen._compositor.render_strips(app.size)
    return str(strips[0].text)


async def test_an_idle_window_only_looks_until_a_key_that_does_nothing_else(daemon: Any, hands: Any) -> None:
    app = CaptiveNxTui(CaptiveSettings(socket=daemon.socket, idle=10, logout=60), False, hands.monotonic)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        hands.seconds += 601
        app.tick()
        assert app.read_only and "captive, idle" in _title(app)
        await pilot.press("question_mark")
        assert not app.read_only and len(app.screen_stack) == 1, "the key woke it and opened nothing"
        await pilot.press("question_mark")
        assert len(app.screen_stack) == 2
        app.exit()


async def test_a_window_that_nobody_touches_for_long_ends(daemon: Any, hands: Any) -> None:
    app = CaptiveNxTui(CaptiveSettings(socket=daemon.socket, idle=10, logout=60), False, hands.monotonic)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("j")
        hands.seconds += 3599
        app.tick()
        assert not app.is_leaving
        hands.seconds += 2
        app.tick()
        assert app.is_leaving


@pytest.mark.parametrize(
    "said", ["nonsense: 1\n", "idle: 0\n", "idle: x\n", "theme: pink\n", "[1]\n", "a: [\n", "logout: .inf\n"]
)
def test_settings_that_are_wrong_are_one_sentence(tmp_path: Path, said: str) -> None:
    file = tmp_path / "captive.yaml"
    file.write_text(said)
    with pytest.raises(BadCaptiveSettings) as told:
        read(file)
    assert str(file) in str(told.value) and str(told.value).endswith(".") and "\n" not in str(told.value)


def test_without_a_file_what_is_usual_holds(tmp_path: Path) -> None:
    assert read(tmp_path / "none.yaml") == CaptiveSettings()
