"""The fleet as one tree: causes of trouble, then each cluster with its nodes, the worst first inside and outside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, takewhile
from typing import Any

from daemon.display.sorting import SLOW, WELL, is_trouble, natural, worst_first
from daemon.wire import EntityView, TroubleView
from nxtui.model.listing import Listing

TREE = "trouble"
"""The order in which the fleet is a tree; any other one is a flat list of nodes."""

CAUSE = "!"
"""What the name of a cause begins with: no cluster and no node is called so."""

CAUSES = 4
"""So many causes have a row; more are counted."""


class Tree(Listing):
    """Rows by name; a cause has the name of its id. What is folded away is not in the order."""

    def __init__(self) -> None:
        super().__init__()
        self.troubles: Sequence[TroubleView] = ()
        self.only: frozenset[str] = frozenset()
        """The nodes and clusters to which it is narrowed; empty for all."""
        self._asked: dict[str, bool] = {}
        """Cluster → whether a person folded it, or unfolded it."""
        self._groups: defaultdict[str, dict[str, tuple[Any, ...]]] = defaultdict(dict)
        self._sorted: dict[str, list[str]] = {}
        self._ranks: dict[str, tuple[Any, ...]] = {}
        self._clusters: dict[str, EntityView] = {}

    @property
    def is_flat(self) -> bool:
        """Whether it is a list of nodes alone."""
        return self.sort != TREE

    @property
    def pinned(self) -> int:
        """How many rows are causes, which stay in sight."""
        return min(CAUSES, len(self.troubles))

    def cause(self, name: str | None) -> TroubleView | None:
        """The cause of a row; None for another one."""
        if name is None or not name.startswith(CAUSE):
            return None
        return next((one for one in self.troubles if one["id"] == name.removeprefix(CAUSE)), None)

    def is_folded(self, cluster: str) -> bool:
        """Whether the nodes of a cluster are folded away: a cluster of which there is nothing to tell is, unless the
        cursor is on one of them."""
        if self.query.text or self.only:
            return False
        is_within = self._wanted != cluster and self._wanted in self._groups.get(cluster, ())
        return self._asked.get(cluster, self._is_quiet(cluster) and not is_within)

    def _is_quiet(self, cluster: str) -> bool:
        return bool(self._groups.get(cluster)) and bool(self._rank(cluster)[0] >= WELL)

    def fold(self, cluster: str, folded: bool) -> None:
        """Fold the nodes of a cluster away, or unfold them."""
        self._asked[cluster] = folded
        self._assemble()

    def tell(self, troubles: Sequence[TroubleView]) -> bool:
        """Take over the causes; True if the rows are others now."""
        before = self.order[: self.pinned]
        self.troubles = troubles
        if before == [CAUSE + one["id"] for one in troubles[:CAUSES]]:
            return False
        self._assemble()
        return True

    def rebuild(self, entities: Mapping[str, EntityView]) -> None:
        """Filter and sort anew; cursor and marks stay with their names."""
        self._groups.clear()
        self._sorted.clear()
        self._ranks.clear()
        self._clusters = {one["name"]: one for one in entities.values() if one["kind"] == "cluster"}
        if self.is_flat:
            super().rebuild({name: one for name, one in entities.items() if self._is_listed(one)})
        for entity in entities.values():
            if self._keeps(entity):
                self._groups[entity["cluster"]][entity["name"]] = worst_first(entity)
        first = self._wanted is None
        self._assemble()
        self.marks.intersection_update(chain(entities, self.order))
        if first and self.order:
            self.seek(self._start(entities))
        elif self.query.text and self._wanted not in self._place:
            self._last = next(
                (place for place, name in enumerate(self.order) if self._passes(name)), self._last
            )

    def _passes(self, name: str) -> bool:
        """Whether a row is there because it passes the filter itself, and not for what stands beneath it."""
        return any(name in group for group in self._groups.values())

    def _is_listed(self, entity: EntityView) -> bool:
        return entity["kind"] == "node" and (not self.only or entity["name"] in self.only)

    def _keeps(self, entity: EntityView) -> bool:
        if self.only and entity["name"] not in self.only:
            return False
        return self.query.keeps(entity)

    def update(self, entities: Mapping[str, EntityView], changed: Iterable[str]) -> bool:
        """Take over changed entities; True if the order is another one, so that all rows must be drawn."""
        if self.is_flat:
            flat = super().update(entities, (name for name in changed if name not in self._clusters))
            return flat and self._assemble()
        other = False
        for name in changed:
            entity = entities.get(name)
            if entity is not None and entity["kind"] == "cluster":
                self._clusters[name] = entity
            elif entity is None:
                self._clusters.pop(name, None)
            other |= self._take(name, entity)
        return other and self._assemble()

    def _take(self, name: str, entity: EntityView | None) -> bool:
        """Put one name where it belongs now; True if that is another place."""
        key = worst_first(entity) if entity is not None and self._keeps(entity) else None
        shard = entity["cluster"] if entity is not None else self._shard_of(name)
        group = self._groups[shard]
        if group.get(name) == key:
            return False
        if key is None:
            group.pop(name, None)
            if not group:
                del self._groups[shard]
        else:
            group[name] = key
        self._sorted.pop(shard, None)
        self._ranks.pop(shard, None)
        return True

    def _shard_of(self, name: str) -> str:
        return next((shard for shard, group in self._groups.items() if name in group), name)

    def _assemble(self) -> bool:
        """Put the rows one after the other; True, for they may be others."""
        rows = [CAUSE + one["id"] for one in self.troubles[:CAUSES]]
        if self.is_flat:
            rows += [name for name in self.order if not name.startswith(CAUSE)]
        else:
            shards = sorted(
                self._groups, key=lambda shard: (*min(self._groups[shard].values())[:2], natural(shard))
            )
            for shard in shards:
                if shard in self._clusters:
                    rows.append(shard)
                if not self.is_folded(shard):
                    rows += self._nodes_of(shard)
        self.order = rows
        self._place = {name: place for place, name in enumerate(rows)}
        if self._wanted in self._place:
            self._last = self._place[str(self._wanted)]
        return True

    def _shards(self) -> list[str]:
        """The clusters, the one with the worst row first."""
        return sorted(self._groups, key=lambda shard: (*self._rank(shard)[:2], natural(shard)))

    def _rank(self, shard: str) -> tuple[Any, ...]:
        """The place of the worst row of a cluster, its own or that of a node."""
        if shard not in self._ranks:
            self._ranks[shard] = min(self._groups[shard].values())
        return self._ranks[shard]

    def _nodes_of(self, shard: str) -> list[str]:
        if shard not in self._sorted:
            group = self._groups[shard]
            self._sorted[shard] = sorted((name for name in group if name != shard), key=group.__getitem__)
        return self._sorted[shard]

    def worst_of(self, cluster: str, most: int) -> Sequence[str]:
        """So many nodes of a cluster that pass the filter, the worst first, folded away or not."""
        return self._nodes_of(cluster)[:most] if cluster in self._groups else ()

    def _start(self, entities: Mapping[str, EntityView]) -> str:
        """Where the cursor is at first: the first cause, else the worst row, one with an error of its own before others
        that are as bad; with no trouble the row that is ready last, else the first node."""
        if self.pinned:
            return self.order[0]
        shown = [entities[name] for name in self.order if name in entities]
        worst = min(shown, key=lambda one: (worst_first(one)[0], one["error"] is None, worst_first(one)))
        if is_trouble(worst):
            return worst["name"]
        waited = [one for one in shown if "ready_at" in one.get("outlook", {})]
        if waited:
            return max(waited, key=lambda one: one["outlook"]["ready_at"])["name"]
        return next((one["name"] for one in shown if one["kind"] == "node"), self.order[0])

    def next_trouble(self) -> str | None:
        """The next cause, or failed or slow row, after the cursor, round; None where there is no trouble."""
        causes = [CAUSE + one["id"] for one in self.troubles[:CAUSES]]
        return self._after_cursor([*causes, *self._rows_in_trouble()])

    def _rows_in_trouble(self) -> list[str]:
        """Every cluster and node in trouble, in the order of the whole tree, folded or not."""
        rows: list[str] = []
        for shard in self._shards():
            if self._rank(shard)[0] > SLOW:
                break
            group = self._groups[shard]
            if shard in self._clusters and shard in group and group[shard][0] <= SLOW:
                rows.append(shard)
            rows += takewhile(lambda name, group=group: group[name][0] <= SLOW, self._nodes_of(shard))  # type: ignore[misc]
        return rows

    def _after_cursor(self, rows: list[str]) -> str | None:
        if not rows:
            return None
        here = self.cursor
        if here in rows:
            return rows[(rows.index(str(here)) + 1) % len(rows)]
        place = self._place.get(str(here), -1)
        return next((name for name in rows if self._place.get(name, -1) > place), rows[0])
