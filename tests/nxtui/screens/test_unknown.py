"""What is opened while no daemon answers says that it is not known, and since when, by the one clock beside it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import canned_night
import pytest
from canned_night import at
from places import FULL, Way, go

Open = Callable[..., Any]
FACTS = re.compile(
    r"No failure|No call is kept|No trouble|ALL IS WELL|ON THE WAY|0 failed|None was seen|in sight"
)
SINCE = "not known since 03:12:08"


@pytest.mark.parametrize("key", ["T", "C", "M", "S", "exclamation_mark", "enter", "f5"])
@pytest.mark.parametrize("moment", ["all_well", "on_the_way"])
async def test_a_screen_opened_while_the_daemon_is_lost_states_no_fact(
    window: Open, daemon: Any, key: str, moment: str
) -> None:
    at(daemon, getattr(canned_night, moment)())
    async with window() as w:
        await daemon.stop()
        await w.shows("LOST since 03:12:08")
        w.hands.seconds += 90
        await w.press(key)
        await w.shows(SINCE)
        assert not FACTS.search(w.frame), w.frame
        if key == "T":
            await w.press("right_square_bracket")
            await w.pilot.pause()
            assert not FACTS.search(w.frame), w.frame


async def test_one_clock_stands_beside_lost(window: Open, daemon: Any) -> None:
    """The daemon was heard last two seconds before the link broke."""
    async with window() as w:
        w.hands.seconds += 2.0
        await daemon.stop()
        await w.shows("LOST since")
        w.hands.seconds += 7.0
        w.app.tick()
        await w.pilot.pause()
        title, told = w.frame.splitlines()[:2]
        assert re.findall(r"\d\d:\d\d:\d\d", title + told) == ["03:12:08", "03:12:08"], title + told


@pytest.mark.parametrize("size", [(140, 45), (100, 24), (80, 24), (60, 16), (40, 10)])
async def test_the_link_and_one_clock_stand_on_every_screen(
    window: Open, tmp_path: Path, size: tuple[int, int]
) -> None:
    """The zone gives way before the clock, and the place before either."""
    async with window(size) as w:
        for screen in FULL:
            await go(w, Way(screen), tmp_path / "none.yaml")
            await w.pilot.pause()
            title = w.frame.splitlines()[0]
            assert "03:12:08" in title and "LIVE" in title, (screen, w.frame)
            assert "✗" in title or size[0] < 60, (screen, w.frame)
