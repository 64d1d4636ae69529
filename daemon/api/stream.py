"""The event stream: first the state, then every change as it is committed, and a heartbeat each second."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import orjson

from daemon import wire
from daemon.api.views import Views, call_view, event_view
from daemon.memory.bus import Bus, Notice, Subscription
from daemon.memory.journal import Journal

HEARTBEAT_SECONDS = 1.0
"""Real seconds, because it is the reader's patience that it serves."""
REPLAY_PIECE = 1000
MORE = 10
"""How many times larger each piece of a state told in pieces is than the one before."""


async def lines(
    journal: Journal, views: Views, bus: Bus, after: int | None, first: int | None = None
) -> AsyncIterator[bytes]:
    """NDJSON until the daemon ends; ends after a ``lagged`` line when the reader is too slow.

    With ``first`` the snapshot holds only so many nodes, the most urgent ones, and the others follow in pieces.
    """
    with bus.subscribe() as subscription:
        revision = journal.mirror.revision
        told_news, told_rates = views.news.lately(), _Rates(journal, views)
        if first is None:
            yield _line(journal, "snapshot", revision, snapshot=views.snapshot())
        else:
            for line in _in_pieces(journal, views, first):
                yield line
        if after is not None:
            async for line in _replay(journal, after, revision):
                yield line
        while not (subscription.lagged or subscription.over):
            notices = await _next(subscription)
            if subscription.calls:
                yield b"".join(_calls(journal, subscription))
            views.tell_what_turned()
            if told := b"".join(_changes(journal, views, notices, revision)):
                yield told
            news = views.news.lately(quiet=not notices)
            if news != told_news:
                told_news = news
                yield _line(journal, "trouble", journal.mirror.revision, **news)
            if (rates := told_rates.others()) is not None:
                yield _line(journal, "rates", journal.mirror.revision, rates=rates)
            if not notices:
                unwritten = views.unwritten()
                more = {} if unwritten is None else {"unwritten": unwritten}
                yield _line(journal, "heartbeat", journal.mirror.revision, **more)
        if subscription.lagged:
            yield _line(journal, "lagged", journal.mirror.revision)


class _Rates:
    """The rates of the calls as one reader was told them."""

    def __init__(self, journal: Journal, views: Views) -> None:
        self._clock = journal.clock
        self._views = views
        self._looked = self._clock.now()
        self._told = views.rates()

    def others(self) -> wire.CallRates | None:
        """What they are now, if they are others than a second of the reader ago."""
        now = self._clock.now()
        if 0.0 <= now - self._looked < self._clock.speed:
            return None
        self._looked = now
        rates = self._views.rates()
        if rates == self._told:
            return None
        self._told = rates
        return rates


def _in_pieces(journal: Journal, views: Views, first: int) -> Iterator[bytes]:
    """The state, so that a reader can show something before all of it is even built."""
    nodes = [node.name for node in views.most_urgent_first()]
    records = journal.mirror.records
    size, begun = max(1, first), 0
    while begun == 0 or begun < len(nodes):
        piece = [records[name] for name in nodes[begun : begun + size] if name in records]
        left = max(0, len(nodes) - begun - size)
        kind = "nodes" if begun else "snapshot"
        shown: dict[str, Any] = {"snapshot": views.snapshot(piece)}
        if begun:
            shown = {"nodes": [views.entity(record) for record in piece]}
        yield _line(journal, kind, journal.mirror.revision, left=left, **shown)
        begun, size = begun + size, size * MORE


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
    """Every log line after ``after`` up to the snapshot's revision; first, whether some of them are forgotten."""
    if after + 1 < journal.mirror.begins:
        yield _line(journal, "gap", journal.mirror.begins - 1)
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
        yield _told(journal, notice, shown)
    changed = {name for notice in notices for name in notice.changed} | _followers(journal, notices)
    removed = {name for notice in notices for name in notice.removed}
    for name in sorted(changed):
        record = journal.mirror.records.get(name)
        if record is not None:
            yield _line(journal, "change", revision, entity=views.entity(record))
    for name in sorted(removed):
        if name not in journal.mirror.records:
            yield _line(journal, "removed", revision, name=name)


def _calls(journal: Journal, subscription: Subscription) -> Iterator[bytes]:
    """The calls that were made meanwhile."""
    revision = journal.mirror.revision
    while subscription.calls:
        yield _line(journal, "call", revision, call=call_view(subscription.calls.popleft()))


def _told(journal: Journal, notice: Notice, shown: int) -> bytes:
    """The log lines of a commit after revision ``shown``; what is the same for all readers is written once."""
    fresh = [event for event in notice.events if event.revision > shown]
    if len(fresh) < len(notice.events):
        return b"".join(_line(journal, "event", e.revision, event=event_view(e)) for e in fresh)
    if not notice.written:
        notice.written.append(
            b"".join(_line(journal, "event", e.revision, event=event_view(e)) for e in fresh)
        )
    return notice.written[0]


def _followers(journal: Journal, notices: list[Notice]) -> set[str]:
    """Nodes whose verbs may be other ones, because their cluster moved or was protected, and clusters that are ready at
    another time, because a node of theirs moved."""
    told = [event for notice in notices for event in notice.events if event.kind in ("transition", "verb")]
    clusters = {event.shard for event in told if event.record == event.shard}
    followers = {member.name for cluster in clusters for member in journal.mirror.members(cluster)}
    return followers | {event.shard for event in told if event.kind == "transition"}


def _line(journal: Journal, kind: str, revision: int, **more: Any) -> bytes:
    line: wire.StreamLine = {
        "type": kind,
        "revision": revision,
        "now": journal.clock.now(),
        **more,  # type: ignore[typeddict-item]
    }
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
