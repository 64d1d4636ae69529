"""The event stream: first the state, then every change as it is committed, and a heartbeat each second."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from daemon import wire
from daemon.api.views import Views, event_view
from daemon.bus import Bus, Notice, Subscription
from daemon.journal import Journal

HEARTBEAT_SECONDS = 1.0
"""Real seconds, because it is the reader's patience that it serves."""
REPLAY_PIECE = 1000


async def lines(journal: Journal, views: Views, bus: Bus, after: int | None) -> AsyncIterator[bytes]:
    """NDJSON without end; ends after a ``lagged`` line when the reader is too slow."""
    with bus.subscribe() as subscription:
        snapshot = views.snapshot()
        revision = snapshot["revision"]
        yield _line(journal, "snapshot", revision, snapshot=snapshot)
        if after is not None:
            async for line in _replay(journal, after, revision):
                yield line
        while not subscription.lagged:
            notices = await _next(subscription)
            if not notices:
                yield _line(journal, "heartbeat", journal.mirror.revision)
                continue
            yield b"".join(_changes(journal, views, notices, revision))
        yield _line(journal, "lagged", journal.mirror.revision)


async def _next(subscription: Subscription) -> list[Notice]:
    """Whatever is there; nothing when a heartbeat is due first."""
    try:
        async with asyncio.timeout(HEARTBEAT_SECONDS):
            notices = [await subscription.queue.get()]
    except TimeoutError:
        return []
    while not subscription.queue.empty():
        notices.append(subscription.queue.get_nowait())
    return notices


async def _replay(journal: Journal, after: int, until: int) -> AsyncIterator[bytes]:
    """Every log line after ``after`` up to the snapshot's revision."""
    while after < until:
        events = [e for e in await journal.events(after=after, limit=REPLAY_PIECE) if e.revision <= until]
        if not events:
            return
        yield b"".join(_line(journal, "event", e.revision, event=event_view(e)) for e in events)
        after = events[-1].revision


def _changes(journal: Journal, views: Views, notices: list[Notice], shown: int) -> Iterator[bytes]:
    """The lines of several commits; an entity that changed more than once is told once, as it is now."""
    revision = journal.mirror.revision
    for notice in notices:
        for event in notice.events:
            if event.revision > shown:
                yield _line(journal, "event", event.revision, event=event_view(event))
    changed = {name for notice in notices for name in notice.changed} | _followers(journal, notices)
    removed = {name for notice in notices for name in notice.removed}
    for name in sorted(changed):
        record = journal.mirror.records.get(name)
        if record is not None:
            yield _line(journal, "change", revision, entity=views.entity(record))
    for name in sorted(removed):
        if name not in journal.mirror.records:
            yield _line(journal, "removed", revision, name=name)


def _followers(journal: Journal, notices: list[Notice]) -> set[str]:
    """Nodes whose verbs may be other ones, because their cluster moved or was protected."""
    told = [event for notice in notices for event in notice.events if event.kind in ("transition", "verb")]
    clusters = {event.shard for event in told if event.record == event.shard}
    return {member.name for cluster in clusters for member in journal.mirror.members(cluster)}


def _line(journal: Journal, kind: str, revision: int, **more: Any) -> bytes:
    line: wire.StreamLine = {
        "type": kind,
        "revision": revision,
        "now": journal.clock.now(),
        **more,  # type: ignore[typeddict-item]
    }
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"
