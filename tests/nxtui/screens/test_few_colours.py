"""Terminals of 16 colours and of none: every sign of every screen can be read, in inks that have names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import canned_night
import pytest
from canned_night import at
from rich.color import Color, ColorType
from rich.console import Console
from rich.style import Style
from textual.strip import Strip

from nxtui.preferences import Preferences
from nxtui.terminal.control import colours
from tests.nxtui.draw.test_colours import contrast
from tests.nxtui.screens.test_frames import directory, opened

assert directory  # the fixture that gives the specs

Open = Callable[..., Any]

VGA = {
    0: "000000",
    1: "aa0000",
    2: "00aa00",
    3: "aa5500",
    4: "0000aa",
    5: "aa00aa",
    6: "00aaaa",
    7: "aaaaaa",
    8: "555555",
    9: "ff5555",
    10: "55ff55",
    11: "ffff55",
    12: "5555ff",
    13: "ff55ff",
    14: "55ffff",
    15: "ffffff",
}
"""The sixteen colours of a console."""
GROUNDS = {"dark": ("aaaaaa", "000000"), "light": ("000000", "ffffff"), "contrast": ("aaaaaa", "000000")}
"""What a terminal draws in and on where nothing is said."""
DECORATION = set("─━│╭╮╰╯▔▁█▌▐┃═╪╤╧┬┴")
NEVER = {"dark": (4, 8), "light": (8,), "contrast": (4, 8)}
"""Blue and bright black, as far as they are never an ink."""


def shown(color: Color | None, default: str) -> Color:
    """A colour as a console shows it; one that has no name is a mistake."""
    if color is None or color.type is ColorType.DEFAULT:
        return Color.parse(f"#{default}")
    assert color.type is ColorType.STANDARD, f"{color.name} has no name among sixteen"
    assert color.number is not None
    return Color.parse(f"#{VGA[color.number]}")


def pieces(w: Any) -> Iterator[tuple[str, Style]]:
    """What is on the screen and tells something, with its style."""
    for strip in w.app.screen._compositor.render_strips(w.app.size):
        for segment in strip:
            style = segment.style or Style()
            is_bar = style.color is not None and style.color.number == 7  # no ink is grey but a scrollbar's
            if set(segment.text.strip()) - DECORATION and not is_bar:
                yield segment.text, style


def check(w: Any, theme: str, where: str) -> None:
    text, ground = GROUNDS[theme]
    for said, style in pieces(w):
        ink, back = shown(style.color, text), shown(style.bgcolor, ground)
        told = contrast(ink, back)
        assert told >= 4.5, (where, said, str(style), round(told, 2))
        assert not style.dim, (where, said, "half-bright is dark grey on a console")
        if style.color is not None and style.bgcolor in (None, Color.default()):
            assert style.color.number not in NEVER[theme], (where, said, str(style))
        assert not style.underline or said == said.strip(), (where, said, "a blank is underlined")
        if style.reverse:
            assert not style.bold and style.color in (None, Color.default()), (where, said, str(style))


@pytest.mark.parametrize("theme", GROUNDS)
async def test_every_ink_of_every_screen_can_be_read_on_a_console(window: Open, theme: str) -> None:
    async with window((140, 45), preferences=Preferences(theme=theme), colours="named") as w:
        async for screen in opened(w):
            check(w, theme, screen)


@pytest.mark.parametrize("theme", GROUNDS)
@pytest.mark.parametrize("moment", ["trouble", "on_the_way", "all_well"])
async def test_a_night_can_be_read_on_a_console(window: Open, daemon: Any, theme: str, moment: str) -> None:
    at(daemon, getattr(canned_night, moment)())
    async with window(preferences=Preferences(theme=theme), colours="named") as w:
        check(w, theme, moment)
        w.daemon.beat = None
        await w.daemon.stop()
        await w.shows("LOST since")
        check(w, theme, f"{moment}, lost")


async def test_the_selected_row_is_one_ink_the_other_way_round(window: Open) -> None:
    async with window(colours="named") as w:
        [row] = [
            strip
            for strip in w.app.screen._compositor.render_strips(w.app.size)
            if strip.text.startswith("❯")
        ]
        told = {str(segment.style) for segment in row if segment.text.strip()}
        assert len(told) == 1 and "reverse" in told.pop()


async def test_each_theme_differs_on_16_colours_and_changes_with_one_key(window: Open) -> None:
    seen = []
    for theme in GROUNDS:
        async with window(preferences=Preferences(theme=theme), colours="named") as w:
            seen.append(set(map(str, (style for _, style in pieces(w)))))
    assert seen[0] != seen[1] != seen[2] != seen[0]
    async with window(colours="named") as w:
        w.app.use_theme("nxd-light")
        await w.pilot.pause()
        assert set(map(str, (style for _, style in pieces(w)))) == seen[1]


async def test_without_colour_no_colour_is_sent(window: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with window(colours="none") as w:
        async for screen in opened(w):
            for strip in w.app.screen._compositor.render_strips(w.app.size):
                sent = Strip(strip).render(w.app.console)
                told = {
                    int(code) for codes in re.findall(r"\x1b\[([\d;]*)m", sent) for code in codes.split(";")
                }
                assert told <= {0, 1, 3, 4, 7, 9, 39, 49}, (screen, strip.text, told)


async def test_without_colour_what_is_chosen_or_needs_a_person_still_stands_out(
    window: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with window(colours="none") as w:
        await w.press("down")
        assert any(style.bold and "✗" in said for said, style in pieces(w))
        assert any(style.reverse and "node03" in said for said, style in pieces(w))
        assert next(style for said, style in pieces(w) if said.strip() == "a").underline


KINDS = "linux vt100 ansi screen screen-256color tmux-256color xterm xterm-256color xterm-kitty rxvt-16color alacritty"


@pytest.mark.parametrize("term", KINDS.split())
@pytest.mark.parametrize("more", [{}, {"COLORTERM": "truecolor"}, {"COLORTERM": "1"}], ids=str)
def test_a_terminal_is_counted_as_what_draws_on_it_counts_it(term: str, more: dict[str, str]) -> None:
    given = {"TERM": term, **more}
    counted = Console(force_terminal=True, _environ=given).color_system
    assert colours(given) == ("named" if counted == "standard" else "all")
    assert colours(given | {"NO_COLOR": ""}) == "none"
    assert colours(given | {"TEXTUAL_COLOR_SYSTEM": "truecolor"}) == "all"
