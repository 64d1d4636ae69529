"""A filmed terminal: its pictures with their colours, as an asciinema recording and as a moving SVG."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import NamedTuple

from rich.cells import cell_len

CELL = (8.4, 18.0)
MARGIN = 10.0
SIZE = 14
FONT = "ui-monospace,'Cascadia Mono','DejaVu Sans Mono',Menlo,Consolas,monospace"
PAPER, INK = "#10141a", "#d8dee6"
BASIC = (
    "#1d242c", "#e0605a", "#3fb68b", "#e0b040", "#5aa9e6", "#b48ead", "#4fb3bf", "#d8dee6",
    "#5c6773", "#f2744a", "#5fd7a7", "#f0c860", "#8ab8ff", "#cba6e0", "#7fd4de", "#ffffff",
)  # fmt: skip
"""The sixteen colours that a terminal has names for."""


class Frame(NamedTuple):
    """The screen from a moment on (seconds since the beginning), line by line, with its escapes."""

    trigger: float
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Look:
    """How a run of characters looks; colours as ``#rrggbb``, None for the terminal's own."""

    ink: str | None = None
    paper: str | None = None
    bold: bool = False
    dim: bool = False


def cast(frames: Sequence[Frame], columns: int, rows: int, title: str) -> str:
    """The film in the format of asciinema, version 2: a header, then each picture as output."""
    header = {
        "version": 2,
        "width": columns,
        "height": rows,
        "title": title,
        "env": {"TERM": "xterm-256color"},
    }
    lines = [json.dumps(header)]
    before: tuple[str, ...] = ()
    for frame in frames:
        drawn = "".join(
            f"\x1b[{number};1H\x1b[0m{line}\x1b[0m\x1b[K"
            for number, line in enumerate(frame.lines, 1)
            if before[number - 1 : number] != (line,)
        )
        clear = "" if before else "\x1b[?25l\x1b[2J"
        lines.append(json.dumps([round(frame.trigger, 3), "o", clear + drawn], ensure_ascii=False))
        before = frame.lines
    return "\n".join(lines) + "\n"


def svg(frames: Sequence[Frame], columns: int, rows: int, lasts: float, title: str, still: int) -> str:
    """The film as one SVG without any script. A line that comes again is drawn once; a viewer that does not
    move it shows the picture ``still``. ``lasts`` is how long the last picture stays, in seconds."""
    width, height = columns * CELL[0] + 2 * MARGIN, rows * CELL[1] + 2 * MARGIN
    known: dict[str, int] = {}
    reels = []
    for number, frame in enumerate(frames):
        used = (
            f'<use href="#l{known.setdefault(line, len(known))}" y="{place * CELL[1]:g}"/>'
            for place, line in enumerate(frame.lines)
            if re.sub(r"\x1b\[[\d;:]*m", "", line).strip() or "[4" in line
        )
        reels.append(f'<g transform="translate({number * width:g} 0)">{"".join(used)}</g>')
    drawn = "".join(f'<g id="l{number}">{"".join(_line(line))}</g>' for line, number in known.items())
    whole = frames[-1].trigger + lasts
    steps = "".join(
        f"{100 * frame.trigger / whole:.3f}%{{transform:translateX({-number * width:g}px)}}"
        for number, frame in enumerate(frames)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" role="img"><title>{escape(title)}</title>'
        f"<style>text{{font:{SIZE}px {FONT};fill:{INK}}}.b{{font-weight:bold}}.d{{opacity:.6}}"
        f"@keyframes play{{{steps}}}#reel{{animation:play {whole:g}s steps(1,end) infinite}}</style>"
        f"<defs>{drawn}</defs>"
        f'<rect width="{width:g}" height="{height:g}" rx="8" fill="{PAPER}"/>'
        f'<svg x="{MARGIN:g}" y="{MARGIN:g}" width="{columns * CELL[0]:g}" height="{rows * CELL[1]:g}">'
        f'<g id="reel" transform="translate({-still * width:g} 0)">{"".join(reels)}</g></svg></svg>\n'
    )


def _line(line: str) -> Iterator[str]:
    """The runs of a line: the ground of each, then its characters at exactly their cells."""
    at = 0
    for text, look in runs(line):
        cells = cell_len(text)
        x, wide = at * CELL[0], cells * CELL[0]
        at += cells
        if look.paper:
            yield f'<rect x="{x:g}" width="{wide + 0.3:g}" height="{CELL[1]:g}" fill="{look.paper}"/>'
        kind = " ".join(name for name, on in (("b", look.bold), ("d", look.dim)) if on)
        style = (f' class="{kind}"' if kind else "") + (f' style="fill:{look.ink}"' if look.ink else "")
        for word in re.finditer(r"\S+(?: \S+)*", text):  # not every viewer keeps a run of blanks
            there, wide = x + cell_len(text[: word.start()]) * CELL[0], cell_len(word[0]) * CELL[0]
            said = escape(word[0], quote=False)
            yield f'<text x="{there:g}" y="13.5" textLength="{wide:g}"{style}>{said}</text>'


def runs(line: str) -> Iterator[tuple[str, Look]]:
    """The pieces of a line that look alike, read from its escapes (ECMA-48, SGR)."""
    look = Look()
    for number, part in enumerate(re.split(r"\x1b\[([\d;:]*)m", line)):
        if number % 2:
            look = _turned(look, [int(code or 0) for code in part.replace(":", ";").split(";")])
        elif part:
            yield part, look


def _turned(look: Look, codes: list[int]) -> Look:
    while codes:
        code = codes.pop(0)
        if code == 0:
            look = Look()
        elif code in (1, 2):
            look = replace(look, bold=look.bold or code == 1, dim=look.dim or code == 2)
        elif code == 22:
            look = replace(look, bold=False, dim=False)
        elif code == 7:
            look = replace(look, ink=look.paper or PAPER, paper=look.ink or INK)
        elif code in (38, 48):
            colour = _colour(codes)
            look = replace(look, ink=colour) if code == 38 else replace(look, paper=colour)
        elif code in (39, 49):
            look = replace(look, ink=None) if code == 39 else replace(look, paper=None)
        elif 30 <= code <= 37 or 90 <= code <= 97:
            look = replace(look, ink=BASIC[code - 30 if code < 90 else code - 82])
        elif 40 <= code <= 47 or 100 <= code <= 107:
            look = replace(look, paper=BASIC[code - 40 if code < 100 else code - 92])
    return look


def _colour(codes: list[int]) -> str:
    """The colour that follows a 38 or 48; what belongs to it is taken from the codes."""
    if codes.pop(0) == 2:
        red, green, blue = codes[:3]
        del codes[:3]
        return f"#{red:02x}{green:02x}{blue:02x}"
    index = codes.pop(0)
    if index < 16:
        return BASIC[index]
    if index >= 232:
        return "#" + f"{8 + 10 * (index - 232):02x}" * 3
    levels = (0, 95, 135, 175, 215, 255)
    cube = index - 16
    return "#" + "".join(f"{levels[part]:02x}" for part in (cube // 36, cube // 6 % 6, cube % 6))
