"""A box that is no good goes and another one comes in its place; and how far that is tried without a person."""

from __future__ import annotations

from collections.abc import Callable

from daemon.life.ladder import Ladder
from daemon.life.replacing import UNWANTED, Replacing, is_renewed, is_unfit
from daemon.platforms.base import Climb
from daemon.store.ops import Resource
from state_machines.record import Record
from toyland.errors import TORN
from toyland.tables import NODE

LADDER = Ladder(
    (Climb("retry", "fold"), Climb("replace", "replace")), states=("folding",), curable=(TORN.code,)
)
"""Let the same box fold itself again; put another one in its place."""


def namer(environment: str) -> Callable[[str, int], str]:
    """The name of a box by its node and its number: no name is used for two of them."""
    return lambda node, number: f"{environment}-{node}" + (f"-{number}" if number > 1 else "")


def replacing(name: Callable[[str, int], str]) -> Replacing:
    """What is replaced is the box; nothing of the row belongs to it."""
    return Replacing("box", name, tie="")


def must_go(record: Record, row: Resource) -> bool:
    """Whether the box of an earlier attempt has to go: somebody asked to replace it."""
    replaced = row.state != "gone" and is_renewed(record, row, NODE)
    return UNWANTED in row.data or replaced or (row.state != "gone" and is_unfit(row))
