"""Colours help and are never needed: few of them are enough, and production looks like production."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import pytest
from rich.color import Color, ColorSystem

from daemon.wire import PHASES
from nxtui.draw.themes import FALLBACK, THEMES, accent, inks
from nxtui.preferences import ACCENTS, Preferences

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


def contrast(ink: Color, ground: Color) -> float:
    """The ratio of WCAG 2: 1 for the same colour, 21 for black on white."""

    def light(colour: Color) -> float:
        parts = (part / 255 for part in colour.get_truecolor())
        red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    darker, lighter = sorted((light(ink), light(ground)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
@pytest.mark.parametrize("system", SYSTEMS[1:], ids=lambda system: system.name)
def test_every_ink_can_be_read_on_every_ground(theme: Any, system: ColorSystem) -> None:
    styles = inks({**FALLBACK, **theme.variables})
    grounds = [styles[ground].bgcolor for ground in ("base", "panel", "row", "row-idle")]
    for name, style in styles.items():
        if style.color is None or name == "rule":  # lines carry no fact
            continue
        for ground in (style.bgcolor,) if style.bgcolor else grounds:
            assert ground is not None
            told = contrast(style.color.downgrade(system), ground.downgrade(system))
            assert told >= 4.5, (name, ground.name, round(told, 2))


@pytest.mark.parametrize("theme", [theme.name.removeprefix("nxd-") for theme in THEMES])
async def test_every_sign_on_the_screens_can_be_read(window: Callable[..., Any], theme: str) -> None:
    async with window(size=(140, 45), preferences=Preferences(theme=theme)) as w:
        for keys in (
            (),
            ("a",),
            ("escape", "L"),
            ("escape", "H"),
            ("escape", "enter"),
        ):
            await w.press(*keys)
            await w.pilot.pause()
            rule = w.app.get_css_variables()["nx-rule"].lower()
            for strip in w.app.screen._compositor.render_strips(w.app.size):
                for segment in strip:
                    style = segment.style
                    if not segment.text.strip() or style is None or not (style.color and style.bgcolor):
                        continue
                    ink, ground = (
                        (style.bgcolor, style.color) if style.reverse else (style.color, style.bgcolor)
                    )
                    is_rule = rule in (ink.name.lower(), ground.name.lower())  # or the end of a scrollbar
                    if not is_rule and set(segment.text.strip()) - set("─━│╭╮╰╯▔▁█▌▐┃"):
                        assert contrast(ink, ground) >= 4.5, (keys, segment.text, ink.name, ground.name)


async def test_each_theme_has_its_own_colours_from_the_first_frame_on(window: Callable[..., Any]) -> None:
    seen = []
    for theme in THEMES:
        async with window(preferences=Preferences(theme=theme.name.removeprefix("nxd-"))) as w:
            strips = w.app.screen._compositor.render_strips(w.app.size)
            seen.append({str(segment.style) for strip in strips for segment in strip})
    assert all(one != other for one, other in combinations(seen, 2))
    assert not seen[0] & seen[1], "dark and light share no style"


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_failed_is_another_colour_than_ok_even_among_16(theme: object) -> None:
    styles = inks({**FALLBACK, **theme.variables})  # type: ignore[attr-defined]
    for system in SYSTEMS:
        failed, ok = (styles[name].color.downgrade(system) for name in ("failed", "ok"))  # type: ignore[union-attr]
        assert failed != ok
    for one, other in combinations(URGENT, 2):
        assert styles[one].color != styles[other].color


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
