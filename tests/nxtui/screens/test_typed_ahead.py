"""Keys that are typed faster than a screen goes away: each screen ends once, and nothing beneath it goes with it."""

from __future__ import annotations

from typing import Any

import pytest
from textual import events


def at_once(window: Any, *keys: str) -> None:
    """The keys as a terminal sends them, none of which waits for what the one before did."""
    for key in keys:
        window.app.post_message(events.Key(key, key if len(key) == 1 else None))


@pytest.mark.parametrize(
    ("opens", "key"),
    [
        pytest.param("A", "escape", id="files"),
        pytest.param("question_mark", "escape", id="help"),
        pytest.param("D", "escape", id="confirm-by-name"),
        pytest.param("h", "n", id="confirm"),
        pytest.param("enter", "escape", id="node"),
        pytest.param("l", "escape", id="log"),
    ],
)
@pytest.mark.parametrize("beneath", [(), ("enter",)], ids=["fleet", "in-a-node"])
async def test_a_screen_that_is_left_thrice_at_once_ends_once(
    window: Any, opens: str, key: str, beneath: tuple[str, ...]
) -> None:
    async with window() as w:
        await w.press(*beneath, opens)
        await w.pilot.pause()
        at_once(w, key, key, key)
        await w.pilot.pause()
        await w.until(lambda: w.app.is_running, "the window goes on")
        while len(w.app.screen_stack) > 1:
            await w.press("escape")
        await w.shows("node01")
