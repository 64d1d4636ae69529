"""The stream tells first how things stand and then every change, once it is durable, to each reader at its pace."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest

import daemon.memory.bus
from daemon.api.stream import lines
from daemon.client import DaemonUnreachable
from daemon.errors.tree import NxdError
from daemon.store.ops import AddEvent, Event
from state_machines.outcome import Done, Wait

Lines = AsyncGenerator[Any, None]


def line(house: Any, message: str) -> AddEvent:
    return AddEvent(Event(house.clock.now(), "demo", "demo", "note", message))


async def take(lines: Lines, until: Callable[[Any], bool]) -> list[Any]:
    """Lines up to the first that is asked for, without heartbeats."""
    taken: list[Any] = []
    async with asyncio.timeout(10):
        async for one in lines:
            if one["type"] != "heartbeat":
                taken.append(one)
            if until(one):
                return taken
    raise AssertionError("the stream ended")


def is_event(message: str) -> Callable[[Any], bool]:
    return lambda one: one["type"] == "event" and one["event"]["message"] == message


async def test_the_state_comes_first_and_then_every_change_and_line_as_it_is_committed(
    house: Any, door: Any
) -> None:
    await house.sow("node01")
    async with contextlib.aclosing(door.client.stream()) as lines:
        first = await anext(lines)
        assert first["type"] == "snapshot"
        assert [n["state"] for n in first["snapshot"]["nodes"]] == ["pending"]
        assert first["snapshot"]["daemon"]["id"] == house.mirror.daemon_id
        await house.ask("node01", "start")
        told = await take(lines, lambda one: one["type"] == "change" and one["entity"]["state"] == "ready")
    revisions = [one["revision"] for one in told if one["type"] == "event"]
    assert revisions == list(range(first["revision"] + 1, house.mirror.revision + 1))
    assert told[-1]["entity"] == (await door.client.show("node01"))["entity"]
    messages = [one["event"]["message"] for one in told if one["type"] == "event"]
    assert len(messages) == 3


async def test_a_state_in_pieces_tells_the_most_urgent_nodes_first_and_each_node_once(
    house: Any, door: Any
) -> None:
    names = [f"node{number}" for number in range(1, 26)]
    await house.sow(*names)
    house.toy.script["node17", "making"] = NxdError("bad_request", "It cannot be.")
    await house.tell("node17", "start")
    async with contextlib.aclosing(door.client.stream(first=2)) as lines:
        told = await take(lines, lambda one: one.get("left") == 0)
    pieces = [one["snapshot"]["nodes"] if one["type"] == "snapshot" else one["nodes"] for one in told]
    assert [len(piece) for piece in pieces] == [2, 20, 3]
    assert [one["left"] for one in told] == [23, 3, 0]
    assert [cluster["name"] for cluster in told[0]["snapshot"]["clusters"]] == ["demo"]
    shown = [node["name"] for piece in pieces for node in piece]
    assert shown == ["node17", *(name for name in names if name != "node17")]


async def test_what_is_told_is_durable_already(house: Any, door: Any) -> None:
    async with contextlib.aclosing(door.client.stream()) as lines:
        await anext(lines)
        for number in range(20):
            await house.commit(line(house, f"n{number}"))
            (told,) = await take(lines, is_event(f"n{number}"))
            (kept,) = await house.store.events(after=told["revision"] - 1, limit=1)
            assert kept.message == told["event"]["message"]


async def test_a_record_that_leaves_is_told_by_name(house: Any, door: Any) -> None:
    await house.sow("node01")
    await house.tell("demo", "start")
    async with contextlib.aclosing(door.client.stream()) as lines:
        await anext(lines)
        await house.ask("demo", "destroy")
        gone: set[str] = set()
        while gone != {"demo", "node01"}:
            gone.add((await take(lines, lambda one: one["type"] == "removed"))[-1]["name"])
    assert (await door.client.snapshot())["nodes"] == []


async def test_a_heartbeat_says_that_all_is_quiet(house: Any, door: Any) -> None:
    async with contextlib.aclosing(door.client.stream()) as lines:
        await anext(lines)
        began = time.monotonic()
        async with asyncio.timeout(5):
            beat = await anext(lines)
        assert (beat["type"], beat["revision"]) == ("heartbeat", house.mirror.revision)
        assert time.monotonic() - began > 0.5


@pytest.mark.parametrize("piece", [1000, 7])
async def test_a_reader_that_comes_back_gets_what_it_missed_without_gap_or_repeat(
    house: Any, door: Any, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr("daemon.api.stream.REPLAY_PIECE", piece)
    for number in range(50):
        await house.commit(line(house, f"before {number}"))

    async def go_on() -> None:
        for number in range(200):
            await house.commit(line(house, f"during {number}"))
            if number % 5 == 0:
                await asyncio.sleep(0.001)

    writing = asyncio.create_task(go_on())
    async with contextlib.aclosing(door.client.stream(after=20)) as lines:
        told = await take(lines, is_event("during 199"))
    await writing
    assert told[0]["type"] == "snapshot"
    assert [one["revision"] for one in told[1:]] == list(range(21, 251))
    assert [one["event"]["revision"] for one in told[1:]] == list(range(21, 251))


async def test_a_line_that_is_committed_between_the_state_and_what_was_missed_is_told_once(
    house: Any,
) -> None:
    for number in range(3):
        await house.commit(line(house, f"before {number}"))
    told = lines(house.journal, house.views, house.journal.bus, 1)
    assert json.loads(await anext(told))["type"] == "snapshot"
    await house.commit(line(house, "meanwhile"))
    said: list[Any] = []
    async with asyncio.timeout(10):
        while not said or said[-1]["type"] != "heartbeat":
            said += map(json.loads, (await anext(told)).splitlines())
    await told.aclose()  # type: ignore[attr-defined]
    assert [one["revision"] for one in said if one["type"] == "event"] == [2, 3, 4]


async def test_a_reader_from_the_future_gets_the_state_and_goes_on(house: Any, door: Any) -> None:
    async with contextlib.aclosing(door.client.stream(after=10**9)) as lines:
        assert (await anext(lines))["type"] == "snapshot"
        await house.commit(line(house, "now"))
        assert len(await take(lines, is_event("now"))) == 1


async def test_a_stalled_reader_is_told_that_it_lags_and_slows_nobody(
    house: Any, door: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon.memory.bus, "QUEUE_LENGTH", 20)
    async with (
        contextlib.aclosing(door.client.stream()) as stalled,
        contextlib.aclosing(door.client.stream()) as quick,
    ):
        await anext(stalled)
        await anext(quick)
        for number in range(120):
            await house.commit(line(house, f"{number} " + "x" * 200_000))
            told = await take(quick, lambda one: one["type"] == "event")
            assert told[0]["event"]["message"].startswith(f"{number} ")
        rest = [one async for one in stalled]
        assert rest[-1]["type"] == "lagged"
        assert 0 < len(rest) < 120
        await house.commit(line(house, "after"))
        await take(quick, is_event("after"))
    async with contextlib.aclosing(door.client.stream(after=rest[-2]["revision"])) as again:
        told = await take(again, is_event("after"))
    assert told[-1]["revision"] - rest[-2]["revision"] == len(told) - 1


async def test_who_leaves_is_forgotten(house: Any, door: Any) -> None:
    async def leave(lines: Lines) -> None:
        await anext(lines)
        await lines.aclose()

    for _ in range(3):
        await leave(door.client.stream())
    async with asyncio.timeout(5):
        while house.journal.bus._subscriptions:
            await house.commit(line(house, "anybody there?"))
            await asyncio.sleep(0.01)


async def test_a_daemon_that_ends_lets_its_listeners_go_and_waits_for_none(house: Any, door: Any) -> None:
    door.runner._shutdown_timeout = 60.0
    async with contextlib.aclosing(door.client.stream()) as lines:
        await anext(lines)
        async with asyncio.timeout(10):
            await door.runner.cleanup()
        with pytest.raises(DaemonUnreachable):
            async for _ in lines:
                pass
    assert not house.journal.bus.has_subscribers


async def test_the_causes_are_told_first_with_the_state_and_then_whenever_they_are_others(
    house: Any, door: Any
) -> None:
    await house.sow("node01")
    async with contextlib.aclosing(door.client.stream()) as lines:
        first = await anext(lines)
        assert (
            first["snapshot"]["troubles"] == []
            and "stand as they should" in first["snapshot"]["next"]["sentence"]
        )
        house.toy.script["node01", "making"] = NxdError("bad_request", "It cannot be.")
        await house.ask("node01", "start")
        (*_, told) = await take(lines, lambda one: one["type"] == "trouble" and one["troubles"])
        assert [one["targets"] for one in told["troubles"]] == [["node01"]]
        assert told["next"]["sentence"] == "Nothing moves by itself: 1 node waits for a person."
    assert told["troubles"] == (await door.client.troubles())["troubles"]


async def test_a_row_that_becomes_slow_is_told_although_nothing_happened_and_no_row_for_each_second(
    house: Any, door: Any
) -> None:
    names = [f"node0{number}" for number in range(1, 7)]
    await house.sow(*names)
    for name in names[:5]:
        house.toy.script[name, "settling"] = [Wait("the test", "it settles", 100.0), Done()]
        await house.tell(name, "start")
        await house.pass_time(100.0)
    house.toy.script["node06", "settling"] = Wait("the test", "it settles", 900.0)
    await house.tell("node06", "start")
    async with contextlib.aclosing(door.client.stream()) as lines:
        await anext(lines)
        told = []
        for _ in range(5):
            house.clock.advance(1.0)
            told += [one["type"] for one in await take_until_heartbeat(lines)]
        assert "change" not in told
        house.clock.advance(100.0)
        (*_, late) = await take(lines, lambda one: one["type"] == "change")
        assert (late["entity"]["name"], late["entity"]["urgency"]) == ("node06", 3)


async def take_until_heartbeat(lines: Lines) -> list[Any]:
    """Lines up to the next heartbeat."""
    taken: list[Any] = []
    async with asyncio.timeout(10):
        async for one in lines:
            if one["type"] == "heartbeat":
                return taken
            taken.append(one)
    raise AssertionError("the stream ended")
