"""An ordered, filtered list of names with a cursor and marks that belong to names, not to places."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from daemon.client.query import Query
from daemon.display.sorting import natural, worst_first
from daemon.wire import EntityView


def _never(value: float | None) -> float:
    return float("inf") if value is None else value


SORTS: dict[str, Callable[[EntityView], tuple[Any, ...]]] = {
    "trouble": worst_first,
    "name": lambda e: (natural(e["name"]),),
    "cluster": lambda e: (natural(e["cluster"]), natural(e["name"])),
    "state": lambda e: (e["title"], natural(e["name"])),
    "step": lambda e: (-e["step_index"], natural(e["name"])),
    "attempt": lambda e: (-e["attempt"], natural(e["name"])),
    "since": lambda e: (e["since"], natural(e["name"])),
    "ready": lambda e: (_never(e.get("outlook", {}).get("ready_at")), natural(e["name"])),
    "due": lambda e: (_never(e["deadline"]), natural(e["name"])),
}
"""The orders that ``s`` goes through. The first shows who needs a person before all others."""


class Listing:
    """What a grid shows, in which order, where the cursor is and what is marked."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.query = Query()
        self.sort = next(iter(SORTS))
        self.turned = False
        self.marks: set[str] = set()
        self._place: dict[str, int] = {}
        self._keys: dict[str, tuple[Any, ...]] = {}
        self._wanted: str | None = None
        self._last = 0

    @property
    def cursor(self) -> str | None:
        """The name under the cursor. One that is filtered out or gone is waited for; meanwhile its
        neighbour holds the place."""
        if self._wanted in self._place:
            return self._wanted
        return self.order[min(self._last, len(self.order) - 1)] if self.order else None

    @property
    def index(self) -> int:
        """The cursor's place, 0 if the list is empty."""
        cursor = self.cursor
        return self._place[cursor] if cursor is not None else 0

    def place(self, name: str) -> int | None:
        """Where a name stands, None if it is not shown."""
        return self._place.get(name)

    def move_to(self, index: int) -> None:
        """Put the cursor on a place, as near as there is one."""
        if self.order:
            self._last = max(0, min(index, len(self.order) - 1))
            self._wanted = self.order[self._last]

    def seek(self, name: str) -> bool:
        """Put the cursor on a name; False if it is not shown."""
        place = self._place.get(name)
        if place is None:
            return False
        self.move_to(place)
        return True

    def toggle(self, name: str) -> None:
        """Mark a name or take its mark away."""
        self.marks ^= {name}

    def span(self, name: str) -> None:
        """Mark everything from the nearest mark above (else below) to the name."""
        here = self._place.get(name)
        if here is None:
            return
        places = sorted(self._place[mark] for mark in self.marks if mark in self._place)
        above = [place for place in places if place <= here]
        start = above[-1] if above else places[0] if places else here
        low, high = min(start, here), max(start, here)
        self.marks.update(self.order[low : high + 1])

    def chosen(self) -> list[str]:
        """The marked names that are shown, else the one under the cursor."""
        if self.marks and (marked := [name for name in self.order if name in self.marks]):
            return marked
        return [self.cursor] if self.cursor is not None else []

    def rebuild(self, entities: Mapping[str, EntityView]) -> None:
        """Filter and sort anew; cursor and marks stay with their names."""
        key = SORTS[self.sort]
        kept = [entity for entity in entities.values() if self.query.keeps(entity)]
        self._keys = {entity["name"]: key(entity) for entity in kept}
        self.order = sorted(self._keys, key=self._keys.__getitem__, reverse=self.turned)
        self._place = {name: place for place, name in enumerate(self.order)}
        self.marks.intersection_update(entities)
        if self._wanted is None and self.order:
            self.move_to(0)
        elif self._wanted in self._place:
            self._last = self._place[self._wanted]

    def update(self, entities: Mapping[str, EntityView], changed: Iterable[str]) -> bool:
        """Take over changed entities; True if the order is another one, so that all rows must be drawn."""
        key = SORTS[self.sort]
        for name in changed:
            entity = entities.get(name)
            now = key(entity) if entity is not None and self.query.keeps(entity) else None
            if now != self._keys.get(name):
                self.rebuild(entities)
                return True
        return False
