"""The causes behind what stopped: records that failed with the same code for the same subject are one trouble."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from daemon import wire
from daemon.display.sorting import natural
from daemon.engine.engine import Engine
from daemon.engine.legality import BECAUSE
from daemon.errors.tree import kind_of
from daemon.memory.journal import Journal
from daemon.outlook.standing import Stamp, Standings
from state_machines.record import Record

WAITS = "waits"
"""The code of a cause that is no failure: something waits for a person."""
_FAILED = ("failed", "rollback_blocked")
_TOOK = re.compile(r"\b(?:\d+[dhms]){1,2}\b")
"""A duration, as sentences tell it: it makes no other cause."""

Ways = Callable[[Record], list[wire.RemedyView]]


class Cause(Struct, frozen=True):
    """Why a record stopped, by its code and what that is about; ``sentence`` says it."""

    code: str
    subject: str
    sentence: str

    @property
    def id(self) -> str:
        """The same for the same cause, also after a restart."""
        return hashlib.sha256(f"{self.code}\n{self.subject}".encode()).hexdigest()[:12]


def has_stopped(record: Record) -> bool:
    """Whether a record may need a person for a trouble, by what stands in it alone."""
    return record.state in _FAILED or BECAUSE in record.facts or bool((record.wait or {}).get("attention"))


class Causes:
    """Looks for what stopped, and groups it; ``ways`` tells what can be done about a record as it stands."""

    def __init__(self, journal: Journal, engine: Engine, standings: Standings, ways: Ways) -> None:
        self._journal = journal
        self._engine = engine
        self._standings = standings
        self._ways = ways
        self._kept: dict[str, tuple[Stamp, Cause]] = {}

    def troubles(self) -> list[wire.TroubleView]:
        """Every cause, the oldest first, with what stopped for it and the clusters that wait for that."""
        stopped: dict[str, list[Record]] = {}
        waiting: set[str] = set()
        for record in self._failed():
            stopped.setdefault(self._cause(record).id, []).append(record)
            if self._holds_up(record):
                waiting.add(record.shard)
        for record in self._stopped():
            if record.state not in _FAILED and BECAUSE not in record.facts and record.name not in waiting:
                stopped.setdefault(self._cause(record).id, []).append(record)
        return sorted(map(self._view, stopped.values()), key=lambda one: (one["since"], one["sentence"]))

    def _stopped(self) -> Iterator[Record]:
        """What stopped and needs a person; who is held was stopped on purpose."""
        records = self._journal.mirror.records
        for name in self._journal.mirror.where(has_stopped):
            record = records[name]
            if record.state != "held" and self._standings.of(record).needs_person:
                yield record

    def _failed(self) -> Iterator[Record]:
        return (one for one in self._stopped() if one.state in _FAILED or BECAUSE in one.facts)

    def _holds_up(self, record: Record) -> bool:
        """Whether its cluster waits for it."""
        cluster = self._journal.mirror.records.get(record.shard, record)
        waits = self._engine.platform(cluster).waits_for_nodes(str(cluster.step))
        return waits and record.name != cluster.name and cluster.state in (cluster.step, *_FAILED)

    def _cause(self, record: Record) -> Cause:
        """Why a record stopped, as it was found last while nothing changed of it: thousands may have."""
        stamp, kept = self._standings.stamp(record), self._kept.get(record.name)
        if kept is None or kept[0] != stamp:
            if len(self._kept) > 2 * len(self._journal.mirror.records):
                self._kept.clear()  # many have left the store
            kept = self._kept[record.name] = stamp, self._found(record)
        return kept[1]

    def _found(self, record: Record) -> Cause:
        problem: Mapping[str, Any] = record.error or record.facts.get(BECAUSE) or {}
        if not problem:
            waits = str((record.wait or {}).get("for", record.state.replace("_", " ")))
            return Cause(WAITS, self._without_names(waits, record), f"It waits for {waits}.")
        code, platform = str(problem["code"]), self._engine.platform(record)
        names = platform.subjects.get(code, ())
        found = [_at(record.spec, name) or _at(self._cluster(record).spec, name) for name in names]
        subject = ", ".join(str(one) for one in found if one)
        row = kind_of(code, platform.errors)
        if subject and row is not None:
            return Cause(code, subject, f"{row.cause.rstrip('.')}: {subject}.")
        message = str(problem.get("message", code))
        return Cause(code, self._without_names(message, record), message)

    def _cluster(self, record: Record) -> Record:
        return self._journal.mirror.records.get(record.shard, record)

    def _without_names(self, text: str, record: Record) -> str:
        """What is said of a record, as it would be said of another one that met the same."""
        rows = self._journal.mirror.resources(record.name)
        own = {record.name, *(row.name for row in rows), *(row.cloud_id for row in rows if row.cloud_id)}
        own |= {str(row.data["address"]) for row in rows if "address" in row.data}
        for name in sorted(filter(None, own), key=len, reverse=True):
            text = text.replace(name, "…")
        return _TOOK.sub("…", text)

    def _view(self, records: list[Record]) -> wire.TroubleView:
        records = sorted(records, key=lambda one: (one.since, natural(one.name)))
        cause = self._cause(records[0])
        held_up = {one.shard for one in records if self._holds_up(one)}
        return wire.TroubleView(
            id=cause.id,
            code=cause.code,
            sentence=cause.sentence,
            subject=cause.subject,
            targets=[one.name for one in records],
            clusters=sorted(held_up, key=natural),
            since=records[0].since,
            remedies=self._ways(records[0]),
        )


def _at(settings: Mapping[str, Any], name: str) -> Any:
    found: Any = settings
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
