"""The kinds of objects that a platform makes, as data: what they are, when they go, and how a person removes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Nature = Literal["object", "effect", "claim"]
"""What nxd made and is gone at a 404; another state of what exists anyway; a key that nobody else may hold."""

LATE_SECONDS = 120.0
"""How long a call that was not answered with its object may still take effect at the other side, if nobody says."""


@dataclass(frozen=True)
class ObjectKind:
    """One kind of ledger row. ``one`` and ``several`` are what people call it.

    A rollback deletes kinds of a lower ``rank`` first. ``late``: for how many seconds an accepted call may still take
    effect. ``removal`` are the commands with which a person removes one, in their order, and ``unseen`` those for one
    whose id nobody knows: ``{id}`` is its id or else its name, ``{name}`` its name, and other words in braces are what
    the ledger keeps with it. What goes with another kind, by its name in ``goes_with``, needs none.

    ``hourly``: it costs by the hour, from the order until it is gone, and this is the attribute by which a plan and the
    ledger tell what sort it is, as the operator's price list names it; empty for what costs nothing by itself.
    """

    name: str
    one: str
    several: str
    rank: int
    nature: Nature = "object"
    late: float = LATE_SECONDS
    removal: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    goes_with: str = ""
    hourly: str = ""

    def commands(self, id: str | None, name: str, data: Mapping[str, Any]) -> list[str]:
        """The commands that remove this one, each for a shell."""
        templates = self.unseen if id is None and self.unseen else self.removal
        return [line.format_map(_Kept({**data, "id": id or name, "name": name})) for line in templates]


class _Kept(dict[str, Any]):
    """Words to fill in; one that the ledger does not have stays in its braces, for a person to see."""

    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"


def latest(names: Iterable[str], kinds: Mapping[str, ObjectKind]) -> float:
    """For how many seconds an accepted call for any of these kinds may still take effect; a claim is our own."""
    named = (kinds[name] for name in names if name in kinds)
    return max((kind.late for kind in named if kind.nature != "claim"), default=0.0)


def by_name(kinds: Iterable[ObjectKind]) -> dict[str, ObjectKind]:
    """The kinds by their names."""
    return {kind.name: kind for kind in kinds}
