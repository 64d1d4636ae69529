"""A picture of a cluster by what is known: who hangs on which network, what answered when, and who waits for whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from daemon import wire
from daemon.display.sorting import natural, place_of
from daemon.engine.engine import Engine
from daemon.engine.sentences import sentence
from daemon.memory.journal import Journal
from daemon.outlook.standing import Standings
from daemon.platforms.base import Picture, Seen, Shown
from daemon.words import first_of
from state_machines.kind import Kind
from state_machines.record import Record

MOST = 200
"""So many members are shown, the most urgent ones."""
NAMED = 8
"""So many are named in one line of who waits for whom."""
WAITING = 40
"""So many such lines are told, the most urgent ones first."""
_OUTSIDE = {"cloud": "the cloud", "waits": "its machine", "machine": "its machine"}
"""Nature of a step → for whom it waits."""

Ways = Callable[[Record], list[wire.RemedyView]]


class Maps:
    """Draws a cluster as data; ``ways`` tells what can be done about a record as it stands."""

    def __init__(self, journal: Journal, engine: Engine, standings: Standings, ways: Ways) -> None:
        self._journal = journal
        self._engine = engine
        self._standings = standings
        self._ways = ways

    def of(self, cluster: Record) -> wire.MapView:
        """The map of a cluster as it stands now."""
        every = sorted(self._journal.mirror.members(cluster.name), key=self._urgency)
        members = sorted(every[:MOST], key=lambda one: natural(one.name))
        platform, mirror = self._engine.platform(cluster), self._journal.mirror
        picture = platform.picture(cluster, members, mirror, self._journal.calls.looks)
        boxes = {one.name: one for one in picture.members}
        return wire.MapView(
            cluster=cluster.name,
            title=sentence(cluster, self._engine.kind(cluster)),
            phase=self._standings.of(cluster).phase,
            now=self._journal.clock.now(),
            rails=[wire.MapRail(name=name, about=about) for name, about in picture.rails.items()],
            services=[self._service(cluster, one) for one in picture.services],
            members=[self._member(one, boxes.get(one.name, Shown(one.name))) for one in members],
            left=len(every) - len(members),
            edges=self._edges(cluster, every),
            notes=self._notes(cluster, every, picture),
        )

    def _urgency(self, record: Record) -> tuple[object, ...]:
        return place_of(self._standings.of(record).urgency, record.since, True, record.name)

    def _member(self, record: Record, shown: Shown) -> wire.MapBox:
        """A member: where it stands, and then what its platform shows of it."""
        kind, phase = self._engine.kind(record), self._standings.of(record).phase
        progress = (record.wait or {}).get("progress")
        stands = wire.MapRow(
            sign=phase,
            what=_brief(record, kind),
            value="" if progress is None else f"{100 * progress:.0f} %",
            seen=record.since,
        )
        return _box(shown, phase, [stands])

    def _service(self, cluster: Record, shown: Shown) -> wire.MapBox:
        """A service of the whole stands as the worst of what was asked of it does."""
        signs = [row.sign for row in shown.rows if row.sign not in ("unasked", "none")]
        worst: wire.Phase = next((sign for sign in _WORST if sign in signs), "waiting")
        return _box(shown, worst, [])

    def _edges(self, cluster: Record, members: Sequence[Record]) -> list[wire.MapEdge]:
        """Who waits for whom: the cluster first, then its nodes; those who wait alike are told together."""
        told: dict[tuple[object, ...], wire.MapEdge] = {}
        for edge in (*self._of_cluster(cluster, members), *self._of_members(cluster, members)):
            key = (edge["whom"], edge["why"], edge.get("until"), edge.get("ready_at"))
            if key not in told:
                told[key] = edge
                continue
            told[key]["who"] += edge["who"]
            if "since" in edge:
                told[key]["since"] = min(edge["since"], told[key].get("since", edge["since"]))
        for edge in told.values():
            edge["who"] = sorted(edge["who"], key=natural)
        return list(told.values())[:WAITING]

    def _of_cluster(self, cluster: Record, members: Sequence[Record]) -> Iterator[wire.MapEdge]:
        """For whom a cluster waits: where a node stands in its way, that one says what a person can do."""
        late = [one.name for one in members if self._standings.of(one).phase != "ok"]
        waits = self._engine.platform(cluster).waits_for_nodes(str(cluster.step)) and bool(late)
        person = self._person(cluster)
        if person is not None and not waits:
            yield person
        if (wait := cluster.wait) is not None:
            whom = first_of(sorted(late, key=natural), NAMED) if waits else "its services"
            told = f"{wait.get('for', '')}, {wait.get('evidence', '')}".strip(", ")
            yield self._edge(cluster, whom, told)

    def _of_members(self, cluster: Record, members: Sequence[Record]) -> Iterator[wire.MapEdge]:
        stands = self._standings.of(cluster)
        for one in members:
            phase = self._standings.of(one).phase
            if (edge := self._person(one)) is not None:
                yield edge
            elif one.wait is not None and phase != "ok":
                kind = self._engine.kind(one)
                whom = "its turn" if one.wait.get("in_line") else _OUTSIDE[kind.states[one.state].nature]
                yield self._edge(one, whom, str(one.wait.get("for", "")))
            elif phase == "ok" and stands.phase in ("working", "attention", "failed"):
                edge = wire.MapEdge(
                    who=[one.name], whom=cluster.name, why=sentence(cluster, self._engine.kind(cluster))
                )
                if "ready_at" in stands.expected.outlook:
                    edge["ready_at"] = stands.expected.outlook["ready_at"]
                yield edge

    def _person(self, record: Record) -> wire.MapEdge | None:
        """That a record waits for a person, for what; None while it does not."""
        if not self._standings.of(record).needs_person:
            return None
        ways = self._ways(record)
        why = ways[0]["text"] if ways else sentence(record, self._engine.kind(record))
        return wire.MapEdge(who=[record.name], whom="a person", why=why, since=record.since)

    def _edge(self, record: Record, whom: str, why: str) -> wire.MapEdge:
        edge = wire.MapEdge(who=[record.name], whom=whom, why=why, since=record.since)
        if record.deadline is not None:
            edge["until"] = record.deadline
        return edge

    def _notes(self, cluster: Record, members: Sequence[Record], picture: Picture) -> list[wire.MapNote]:
        """How much of the ledger is there, and what the platform says of the whole."""
        mirror = self._journal.mirror
        rows = [row for one in (cluster, *members) for row in mirror.resources(one.name)]
        there = sum(row.state == "present" for row in rows)
        every = sum(row.state != "gone" for row in rows)
        told = [wire.MapNote(what="objects", text=f"{there} of {every} present")] if every else []
        return [*told, *(wire.MapNote(what=what, text=text) for what, text in picture.notes.items())]


_WORST: tuple[wire.Phase, ...] = ("failed", "attention", "releasing", "working", "waiting", "ok", "released")


def _brief(record: Record, kind: Kind) -> str:
    state = kind.states[record.state]
    step = kind.states.get(record.step or "")
    if step is not None and step is not state and state.phase in ("failed", "attention"):
        return f"{state.brief}: {step.brief}"
    return state.brief


def _box(shown: Shown, phase: wire.Phase, first: list[wire.MapRow]) -> wire.MapBox:
    box = wire.MapBox(
        name=shown.name,
        beside=shown.beside,
        phase=phase,
        rails=list(shown.rails),
        rows=[*first, *map(_row, shown.rows)],
    )
    if shown.inside:
        box["inside"] = shown.inside
    if shown.address:
        box["address"] = shown.address
    return box


def _row(seen: Seen) -> wire.MapRow:
    row = wire.MapRow(sign=seen.sign, what=seen.what, value=seen.value)
    if seen.at is not None:
        row["seen"] = seen.at
        if seen.fresh:
            row["old_at"] = seen.at + seen.fresh
    return row
