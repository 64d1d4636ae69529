"""The band of `a` as lines: a letter, a verb, and what it comes to; dim where it cannot be done, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from daemon.words import counted
from nxtui.draw.glyphs import Glyphs
from nxtui.draw.text import Line, clip, fit, spread


class BandRow(NamedTuple):
    """One thing that may be done. ``text`` is what it comes to, or why it is not legal; ``deletes``: for certain.
    ``action`` is there for what is no verb."""

    letter: str
    label: str
    text: str
    able: bool = True
    deletes: bool = False
    verb: str = ""
    at_step: bool = False
    action: str = ""


NAMED = 6
"""Names in the title of a band; more are counted."""


def title(names: Sequence[str], kind: str, hidden: int, width: int, glyphs: Glyphs) -> Line:
    """Whom it is for, marks that the filter hides, and how to leave."""
    if not names:
        whom = "nothing is under the cursor"
    elif len(names) == 1:
        whom = f"act on {names[0]}"
    else:
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        whom = f"act on {counted(len(names), kind)}: {' '.join(names[:NAMED])}{more}"
    left: Line = [(whom, "title")]
    if hidden:
        left.append((f"  {glyphs.mark} {hidden} marked, but hidden by the filter: not meant", "attention"))
    return spread(
        left, [("Esc", "key-strong"), (" leaves  ", "dim"), (":", "key-strong"), (" words", "dim")], width
    )


def lines(rows: Sequence[BandRow], barred: str | None, width: int, glyphs: Glyphs) -> list[Line]:
    """The rows; what deletes stands beneath a rule. ``barred`` says why nothing at all can be done from here."""
    told: list[Line] = [[(clip(barred, width, glyphs.ellipsis), "attention")]] if barred else []
    column = max((len(row.label) for row in rows), default=0) + 2
    ruled = False
    for row in rows:
        if row.deletes and not ruled:
            told.append([(glyphs.rule * width, "rule")])
            ruled = True
        able = row.able and not barred
        room = width - column - 3
        text = row.text if row.able else f"– {row.text}"
        ink = ("failed" if row.deletes else "") if able else "dim"
        told.append([
            (f"{row.letter}  ", "key-strong" if able else "dim"),
            (fit(row.label, column), "strong" if able else "dim"),
            (clip(text, room, glyphs.ellipsis), ink),
        ])  # fmt: skip
    return told
