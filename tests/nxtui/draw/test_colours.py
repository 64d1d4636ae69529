"""Colours help and are never needed: few of them are enough, and production looks like production."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import pytest
from rich.color import ColorSystem

from daemon.wire import PHASES
from nxtui.draw.themes import FALLBACK, THEMES, accent, inks
from nxtui.preferences import ACCENTS

SYSTEMS = (ColorSystem.STANDARD, ColorSystem.EIGHT_BIT, ColorSystem.TRUECOLOR)
URGENT = ("ok", "working", "attention", "failed")


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_no_word_vanishes_in_its_ground_however_few_colours_there_are(
    theme: object, system: ColorSystem
) -> None:
    styles = inks({**FALLBACK, **theme.variables})  # type: ignore[attr-defined]
    for ground in ("base", "panel", "row", "row-idle"):
        back = styles[ground].bgcolor
        assert back is not None
        for name in ("", "dim", "strong", "key", *PHASES):
            ink = styles[name].color
            assert ink is not None
            assert ink.downgrade(system) != back.downgrade(system), (name, ground)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_failed_is_another_colour_than_ok_even_among_16(theme: object) -> None:
    styles = inks({**FALLBACK, **theme.variables})  # type: ignore[attr-defined]
    for system in SYSTEMS:
        failed, ok = (styles[name].color.downgrade(system) for name in ("failed", "ok"))  # type: ignore[union-attr]
        assert failed != ok
    for one, other in combinations(URGENT, 2):
        assert styles[one].color != styles[other].color


async def test_without_colour_every_cell_is_grey(
    window: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with window() as w:
        strips = w.app.screen._compositor.render_strips(w.app.size)
        styles = [segment.style for strip in strips for segment in strip if segment.style]
        colours = {colour for style in styles for colour in (style.color, style.bgcolor) if colour}
        assert colours
        assert all(len(set(colour.triplet)) == 1 for colour in colours)


@pytest.mark.parametrize("name", ["production", "prod-eu", "eu-prod", "preprod", "PRD1", "live"])
def test_whatever_says_production_looks_like_it(name: str) -> None:
    assert accent(name, {}) == "env-production"


def test_an_environment_has_the_accent_it_was_given_else_always_the_same_one() -> None:
    assert accent("lab", {"lab": "production"}) == "env-production"
    assert accent("prod", {"prod": "green"}) == "env-green"
    assert accent("lab", {}) == accent("lab", {}) != "env-production"
    styles = inks(FALLBACK)
    assert all(f"env-{name}" in styles for name in ACCENTS)
    assert len({accent(name, {}) for name in ("lab", "demo", "test", "stage", "eu", "us", "dev", "qa")}) > 2
