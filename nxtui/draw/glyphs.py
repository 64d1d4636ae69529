"""The signs for phases, levels and bars: always beside a word, never colour alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from daemon.display.signs import PHASES, PHASES_IN_ASCII
from daemon.wire import Phase


@dataclass(frozen=True)
class Glyphs:
    """One set of signs, each one cell wide."""

    phase: dict[Phase, str]
    level: dict[str, str]
    live: str
    lost: str
    cursor: str
    mark: str
    full: str
    empty: str
    arrow: str
    crumb: str
    rule: str
    ellipsis: str
    dot: str
    times: str
    down: str
    up: str
    shield: str
    replay: str
    changed: str
    twig: str
    last_twig: str
    folded: str
    beside: str
    levels: str
    """Of a sparkline, from little to much."""
    silent: str
    """In a sparkline where nothing was told."""


UNICODE = Glyphs(
    phase=PHASES,
    level={"debug": "·", "info": " ", "warning": "▲", "error": "✗"},
    live="●",
    lost="✗",
    cursor="❯",
    mark="◆",
    full="━",
    empty="─",
    arrow="→",
    crumb="›",
    rule="─",
    ellipsis="…",
    dot="·",
    times="×",
    down="▾",
    up="▴",
    shield="▣",
    replay="▸",
    changed="Δ",
    twig="├",
    last_twig="└",
    folded="▸",
    beside="◂",
    levels="▁▂▃▄▅▆▇█",
    silent="·",
)

ASCII = Glyphs(
    phase=PHASES_IN_ASCII,
    level={"debug": ".", "info": " ", "warning": "!", "error": "x"},
    live="*",
    lost="x",
    cursor=">",
    mark="&",
    full="#",
    empty=".",
    arrow=">",
    crumb=">",
    rule="-",
    ellipsis="~",
    dot="-",
    times="x",
    down="v",
    up="^",
    shield="#",
    replay=">",
    changed="^",
    twig="|",
    last_twig="`",
    folded="}",
    beside="<",
    levels="_.-=#",
    silent=":",
)


def spark(shares: Iterable[float | None], glyphs: Glyphs) -> str:
    """A sign for each share of the whole, from 0 to 1; None where nothing was told."""
    most = len(glyphs.levels)
    return "".join(
        glyphs.silent if share is None else glyphs.levels[min(most - 1, int(share * most))]
        for share in shares
    )


_TYPOGRAPHY = str.maketrans(
    {
        "–": "-",
        "…": "~",
        "—": "-",
        "’": "'",
        "“": '"',
        "”": '"',
        "→": ">",
        "·": "-",
        "≈": "~",
        "⇠": "<",
        "×": "x",
    }
)


def to_ascii(text: str) -> str:
    """The text for a terminal that has no more than ASCII; what has no likeness becomes a question mark."""
    return text.translate(_TYPOGRAPHY).encode("ascii", "replace").decode("ascii")
