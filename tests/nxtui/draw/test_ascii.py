"""Plain ASCII loses no fact: one cell a sign, no two alike in one column, and every frame says what its twin says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from daemon.display.timeline import SIGNS, SIGNS_IN_ASCII
from nxtui.draw.glyphs import ASCII, UNICODE, Glyphs
from nxtui.draw.map import MapLook

FRAMES = Path(__file__).parents[1] / "frames"
TWINS = sorted(FRAMES.glob("*-ascii-*.txt"))

LIKENESS = {
    "·": "-._:", "×": "x", "–": "-?", "“": '"', "”": '"', "…": "~", "›": ">", "→": ">", "↻": "r", "⇠": "<", "≈": "~",
    "─": ".-", "━": "#+", "│": "|", "┄": "~", "└": "`", "├": "|", "┬": "+|", "╌": "-", "╎": "|", "═": "=", "╤": "+",
    "╧": "+", "╪": "+", "╭": "+", "╮": "+", "╰": "+", "╯": "+", "▏": "|", "░": ".", "▒": "=", "█": "#=", "▲": "!",
    "▸": "}>", "▾": "v", "▴": "^", "▼": "V", "◂": "<", "◆": "&", "◇": "o", "○": ".", "●": "*", "◐": "o", "✓": "+",
    "✗": "x", "❯": ">", "Δ": "^", "▣": "#", "↩": "<", "∅": "-", "╱": "/", "※": "%", "‹": "<",
}  # fmt: skip
"""What may stand for a sign; one that stands for more than one thing has a likeness for each."""
BARS = "▁▂▃▄▅▆▇"
"""What a scrollbar ends in, and a sparkline is made of."""
SPARKS = "_.-=+*# "


def columns(glyphs: Glyphs, unasked: str, cells: dict[str, str]) -> dict[str, list[str]]:
    """The signs that may stand beneath each other."""
    return {
        "cursor and change": [" ", glyphs.cursor, glyphs.changed],
        "mark": [" ", glyphs.mark],
        "fold": [" ", glyphs.down, glyphs.folded],
        "phase": [*glyphs.phase.values()],
        "line of a map": [" ", unasked, *glyphs.phase.values()],
        "level": [*glyphs.level.values()],
        "link": [glyphs.live, glyphs.lost, glyphs.phase["attention"], glyphs.replay],
        "sparkline": [glyphs.silent, *glyphs.levels],
        "share": [glyphs.full, glyphs.empty],
        "order": [glyphs.up, glyphs.down],
        "cell of a timeline": [sign for fill, sign in cells.items() if fill != "released"],
    }


@pytest.mark.parametrize(
    ("glyphs", "cells"), [(ASCII, SIGNS_IN_ASCII), (UNICODE, SIGNS)], ids=["ascii", "unicode"]
)
def test_a_sign_takes_one_cell_and_no_two_in_one_column_are_alike(
    glyphs: Glyphs, cells: dict[str, str]
) -> None:
    unasked = MapLook(glyphs, glyphs is ASCII, 0.0, "").unasked
    for column, signs in columns(glyphs, unasked, cells).items():
        assert len(set(signs)) == len(signs), column
        assert all(len(sign) == 1 for sign in signs), column
        assert glyphs is UNICODE or all(sign.isascii() for sign in signs), column


def words(text: str) -> list[str]:
    return re.findall(r"[A-Za-z0-9]{2,}", text)


def is_alike(sign: str, other: str) -> bool:
    return sign == other or other in LIKENESS.get(sign, "") or (sign in BARS and other in SPARKS)


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.stem)
def test_a_frame_in_ascii_has_the_same_facts_in_the_same_places(twin: Path) -> None:
    plain, rich = twin.read_text(), twin.with_name(twin.name.replace("-ascii", "")).read_text()
    assert plain.isascii()
    if twin.name.startswith("palette"):  # Textual draws it, without its borders here
        assert set(words(rich)) - set(words(plain)) == set()
        return
    for number, (line, other) in enumerate(zip(rich.splitlines(), plain.splitlines(), strict=True), 1):
        width = max(len(line), len(other))
        both = zip(line.ljust(width), other.ljust(width), strict=True)
        wrong = [
            (at, one, two) for at, (one, two) in enumerate(both) if not is_alike(one, two) and one != "█"
        ]
        assert not wrong, (number, line, other, wrong)
