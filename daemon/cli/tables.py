"""Draws a table for a person at a terminal; a program gets plain columns, and so do very many rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from daemon.words import printable

if TYPE_CHECKING:
    from rich.text import Text

ROWS = 100
"""So many rows are a table; more of them take their time to be drawn."""

Cell = str | tuple[str, str]
"""A text, or a text and its style."""


def draw(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Print a table under these headings; where the terminal is narrow the widest cells fold, and none is cut off."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for heading in columns:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*map(_text, row))
    Console(highlight=False).print(table)


def _text(cell: Cell) -> Text:
    """A cell as it is to be shown: nothing in it is markup, and nothing in it drives the terminal."""
    from rich.text import Text

    text, style = (cell, "") if isinstance(cell, str) else cell
    return Text("\n".join(map(printable, text.split("\n"))), style)
