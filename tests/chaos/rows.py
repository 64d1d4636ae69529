"""What became of the cells of the matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cells import Cell
from oracle import is_about
from seeded import cluster_of, node_of


@dataclass(slots=True)
class Row:
    """What became of a cell."""

    cell: str
    direction: str
    kind: str
    point: str
    fault: str
    seed: int
    result: str
    why: str = ""
    seconds: float = 0.0

    @classmethod
    def of(cls, cell: Cell, seed: int, result: str, why: str, seconds: float = 0.0) -> Row:
        """The row of a cell."""
        return cls(cell.name, cell.direction, cell.kind, cell.point, cell.fault, seed, result, why, seconds)


class Wrong(Exception):
    """A cell did not end as it must; the text says how."""


def blame(rows: list[Row], found: Sequence[str], direction: str, seed: int) -> None:
    """Lay each breach at the door of the cell whose node or cluster it names, or at that of the whole world."""
    doors = [(node_of(number), cluster_of(number)) for number in range(len(rows))]
    left = list(found)
    for row, (node, cluster) in zip(rows, doors, strict=True):
        mine = [what for what in found if is_about(what, node) or cluster in what]
        left = [what for what in left if what not in mine]
        if mine:
            row.result, row.why = "WRONG", "; ".join([row.why, *mine])
    rows += [
        Row(f"{direction}: the whole world", direction, "", "", "", seed, "WRONG", what) for what in left
    ]
