"""Calls to something outside: each is kept once, without secrets, numbered, and costs no commit of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from daemon.clock import ManualClock
from daemon.memory.bus import Bus
from daemon.memory.calls import KEPT, KEPT_DAYS, LONGEST_BODY
from daemon.memory.journal import DAY, Journal
from daemon.memory.mirror import Mirror
from daemon.outside import OutsideCall
from daemon.secrets.redaction import Redactor
from daemon.store.base import VersionConflict
from daemon.store.ops import AddEvent, Event, PutRecord
from daemon.store.sqlite import SqliteStore
from state_machines.record import Record

SECRET = "correct-horse-battery"


def call(intent: str = "get server a", target: str | None = "node01", status: int = 200) -> OutsideCall:
    made = OutsideCall("vpc", "GET", "https://vpc.example", "/v1/servers/a", "version=1", intent)
    made.target, made.status, made.ms = target, status, 12.0
    return made


def clock_of(journal: Journal) -> ManualClock:
    assert isinstance(journal.clock, ManualClock)
    return journal.clock


async def pruned(journal: Journal) -> None:
    """What is old is forgotten; the pauses between the pieces pass."""
    work = asyncio.create_task(journal.prune(90, 1000))
    while not work.done():
        await asyncio.sleep(0.001)
        clock_of(journal).advance(0.02)


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    known = Redactor()
    known.add(SECRET)
    store = SqliteStore(tmp_path / "nxd.db", "first")
    await store.open()
    lease = await store.acquire("test")
    journal = Journal(store, lease, Mirror(await store.load()), Bus(), ManualClock(), known)
    await journal.read_back()
    yield journal
    await store.close()


async def test_a_call_is_read_before_it_is_written_and_goes_along_with_the_next_commit(
    journal: Journal,
) -> None:
    journal.calls.take(call())
    assert [one.intent for one in await journal.calls_made()] == ["get server a"]
    assert journal.calls.unwritten() != []
    await journal.commit(AddEvent(Event(1.0, "demo", None, "note", "said")))
    assert journal.calls.unwritten() == []
    (kept,) = await journal.calls_made(bodies=True)
    assert (kept.target, kept.status, kept.ms, kept.query) == ("node01", 200, 12.0, "version=1")
    assert kept.time == pytest.approx(journal.clock.now() - 0.012)


async def test_numbers_go_up_and_a_piece_follows_one_of_them(journal: Journal) -> None:
    for number in range(5):
        journal.calls.take(call(f"get {number}", target="ab"[number % 2]))
    await journal.commit()
    journal.calls.take(call("get 5", target="b"))
    ids = [one.id for one in await journal.calls_made()]
    assert ids == sorted(set(ids)) and len(ids) == 6
    told = [one.intent for one in await journal.calls_made(after=ids[2], limit=2)]
    assert told == ["get 3", "get 4"]
    assert [one.intent for one in await journal.calls_made(tail=True, limit=2)] == ["get 4", "get 5"]
    assert [one.intent for one in await journal.calls_made(target="b")] == ["get 1", "get 3", "get 5"]


async def test_a_try_is_one_more_than_those_of_its_intent_that_failed_in_a_row(journal: Journal) -> None:
    for status in (500, 429, 200, 200, 500):
        journal.calls.take(call(status=status))
    journal.calls.take(call(target="node02"))
    assert [one.tries for one in await journal.calls_made()] == [1, 2, 3, 1, 1, 1]
    await journal.commit()
    await journal.read_back()  # as a daemon does that starts
    journal.calls.take(call())
    assert (await journal.calls_made())[-1].tries == 2


async def test_no_secret_stands_in_it_wherever_it_was_said(journal: Journal) -> None:
    told = call(f"get {SECRET}", status=500)
    told.path, told.query = f"/v1/{SECRET}", f"token={SECRET}"
    told.sent = told.answered = "x" * (LONGEST_BODY - 10) + SECRET + "y" * LONGEST_BODY
    told.why = f"said {SECRET}"
    told.request_id = SECRET
    journal.calls.take(told)
    await journal.commit()
    (kept,) = await journal.calls_made(bodies=True)
    texts = [kept.path, kept.query, kept.intent, str(kept.why), str(kept.request_id), str(kept.sent)]
    assert all(SECRET[:8] not in text and len(text) <= LONGEST_BODY for text in [*texts, str(kept.answered)])
    assert kept.path == "/v1/***"


async def test_what_no_database_can_hold_hinders_no_commit(journal: Journal) -> None:
    told = call("get \ud800")
    told.answered = "ü\udfff\x00"
    journal.calls.take(told)
    await journal.commit(AddEvent(Event(1.0, "demo", None, "note", "said")))
    (kept,) = await journal.calls_made(bodies=True)
    assert (kept.intent, kept.answered) == ("get \\ud800", "ü\\udfff\x00")


async def test_after_a_commit_that_failed_they_wait_for_the_next_one(journal: Journal) -> None:
    journal.calls.take(call("get 1"))
    with pytest.raises(VersionConflict):
        await journal.commit(PutRecord(Record("node01", "toy.node", "demo", "pending", 1.0, version=3)))
    journal.calls.take(call("get 2"))
    assert [one.intent for one in journal.calls.unwritten()] == ["get 1", "get 2"]
    await journal.commit(AddEvent(Event(1.0, "demo", None, "note", "said")))
    assert journal.calls.unwritten() == []
    assert [one.intent for one in await journal.calls_made()] == ["get 1", "get 2"]


async def test_ten_thousand_are_kept_for_seven_days(journal: Journal) -> None:
    clock = clock_of(journal)
    journal.calls.take(call("old"))
    await journal.commit()
    clock.advance(KEPT_DAYS * DAY - 60)
    journal.calls.take(call("young"))
    await journal.commit()
    await pruned(journal)
    assert [one.intent for one in await journal.calls_made()] == ["old", "young"]
    clock.advance(120)
    await pruned(journal)
    assert [one.intent for one in await journal.calls_made()] == ["young"]
    for number in range(KEPT + 700):
        journal.calls.take(call(f"get {number}"))
        if number % 1000 == 0:
            await journal.commit()
    await journal.commit()
    await pruned(journal)
    kept = await journal.calls_made(limit=2 * KEPT)
    assert (len(kept), kept[0].intent, kept[-1].intent) == (KEPT, "get 700", f"get {KEPT + 699}")


async def test_one_that_is_made_in_a_thread_is_taken_too(journal: Journal) -> None:
    await asyncio.to_thread(journal.calls.take, call("get token"))
    await asyncio.sleep(0)
    assert [one.intent for one in await journal.calls_made()] == ["get token"]


async def test_who_listens_is_told_of_each_and_of_no_more_than_the_last(journal: Journal) -> None:
    with journal.bus.subscribe() as listener:
        for number in range(3000):
            journal.calls.take(call(f"get {number}"))
        assert listener.queue.empty()
        assert [one.intent for one in listener.calls][-1] == "get 2999"
        assert len(listener.calls) == 2000
