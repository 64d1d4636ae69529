"""The line that tells of a filter and of marks while there are any."""

from __future__ import annotations

from daemon.words import counted, first_of
from nxtui.draw.glyphs import Glyphs
from nxtui.draw.text import Line, clip, cut
from nxtui.model.tree import Tree

NAMED = 4
"""Names of what stopped for a cause that is of clusters alone."""


def choice(listing: Tree, shown: int, marked: int, nodes: int, width: int, glyphs: Glyphs) -> Line:
    """What passes the filter, or stopped for one cause, out of so many nodes, and how many rows are marked; or what is
    wrong with the filter."""
    if listing.query.error:
        return [(" " + clip(listing.query.error, width - 2), "attention")]
    line: Line = [("    ", "")]
    if listing.query.text:
        line += [
            ("FILTER  ", "heading"),
            (listing.query.text, "strong"),
            (f"  {shown} of {counted(nodes, 'node')}   ", "dim"),
        ]
    elif listing.only:
        of = f"{shown} of {counted(nodes, 'node')}" if shown else first_of(sorted(listing.only), NAMED)
        line += [("ONE CAUSE", "heading"), (f"  {of}   ", "dim")]
    if marked:
        line.append((f"{glyphs.mark} {marked} marked   ", "match-mark"))
    return [*line, ("Esc clears", "dim")]


def filtered(text: str, left: str, width: int) -> Line:
    """What narrows a list, what of it that leaves, and the key that ends it; empty where nothing does."""
    if not text:
        return []
    line: Line = [("    FILTER  ", "heading"), (clip(text, max(8, width // 2)), "strong")]
    return cut([*line, (f"  {left}   ", "dim"), ("Esc clears", "dim")], width)
