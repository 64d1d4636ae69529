"""The writing connection's thread runs what it is handed in order, answers, and survives what breaks."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from daemon.store.writer import Writer


def refuse(db: sqlite3.Connection) -> None:
    raise ValueError("no")


async def test_what_is_handed_over_runs_in_order_in_one_thread_and_answers(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "a.db")
    await writer.open()
    ran: list[Any] = []
    for number in range(3):
        writer.put(lambda db, number=number: ran.append((number, threading.current_thread().name)))
    assert await writer.run(lambda db: db.execute("SELECT 7").fetchone()) == (7,)
    assert ran == [(number, "nxd-writer") for number in range(3)]
    await writer.close()


async def test_what_raises_is_told_to_whoever_asked_and_stops_nobody(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "a.db")
    await writer.open()
    with pytest.raises(ValueError, match="no"):
        await writer.run(refuse)
    writer.put(refuse)
    assert await writer.run(lambda db: 1) == 1
    await writer.close()


async def test_who_does_not_wait_any_more_hinders_nobody_and_the_work_is_done(tmp_path: Path) -> None:
    writer, begun, go = Writer(tmp_path / "a.db"), threading.Event(), threading.Event()
    await writer.open()

    def slow(db: sqlite3.Connection) -> None:
        begun.set()
        assert go.wait(10)
        db.execute("CREATE TABLE done (n)")

    asked = asyncio.create_task(writer.run(slow))
    await asyncio.to_thread(begun.wait, 10)
    asked.cancel()
    await asyncio.wait((asked,))
    go.set()
    assert await writer.run(lambda db: db.execute("SELECT count(*) FROM done").fetchone()) == (0,)
    await writer.close()


async def test_a_database_that_cannot_be_opened_is_told_and_leaves_no_thread(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        await Writer(tmp_path / "nowhere" / "a.db").open()
    assert [one.name for one in threading.enumerate() if one.name == "nxd-writer"] == []
