"""A captive window replays in place what it knows: nothing is started for it, and no file is written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nxtui.captive.settings import CaptiveSettings
from nxtui.captive.window import CaptiveNxTui

Open = Callable[..., Any]


async def test_a_replay_is_in_the_window_itself_and_no_cast_of_it_is_offered(
    daemon: Any, hands: Any, window: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    async with window(app=CaptiveNxTui(CaptiveSettings(socket=daemon.socket), False, hands.monotonic)) as w:
        await w.press("R")
        await w.shows("REPLAY")
        assert "captive" in w.frame and "├" in w.frame
        await w.press("colon")
        await w.type("export")
        await w.until(lambda: "export" in w.frame, "the palette")
        await w.pilot.pause()
        assert "asciicast" not in w.frame
        await w.press("escape", "escape")
        await w.shows("LIVE")
        assert os.listdir(tmp_path) == []
