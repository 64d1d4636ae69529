"""The fleet of a night as it is found, while it goes on, and when all is well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import canned_night
import pytest
from canned_night import at

Open = Callable[..., Any]
Golden = Callable[[str, str], None]
SIZES = {"80x24": (80, 24), "140x45": (140, 45)}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("moment", ["trouble", "on_the_way", "all_well"])
async def test_the_night_as_it_is_found(
    window: Open, daemon: Any, golden: Golden, size: str, moment: str
) -> None:
    at(daemon, getattr(canned_night, moment)())
    async with window(SIZES[size]) as w:
        if moment == "trouble":
            await w.until(lambda: any(w.app.screen._offers.values()), "the offer")
        golden(f"night-{moment.replace('_', '-')}-{size}", w.frame)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("moment", ["trouble", "on_the_way", "all_well"])
async def test_the_night_in_plain_ascii_has_the_same_facts(
    window: Open, daemon: Any, golden: Golden, size: str, moment: str
) -> None:
    at(daemon, getattr(canned_night, moment)())
    async with window(SIZES[size], ascii_only=True) as w:
        if moment == "trouble":
            await w.until(lambda: any(w.app.screen._offers.values()), "the offer")
        golden(f"night-{moment.replace('_', '-')}-ascii-{size}", w.frame)
        assert w.frame.isascii()
        asked = w.frame.replace("? help", "")
        assert "?" not in asked, "every sign has a likeness"
