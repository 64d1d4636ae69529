"""Every store keeps the same promises: all or nothing, in order, durable, fenced."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from daemon.store.base import Fenced, RecordForgotten, Store, Taken, VersionConflict
from daemon.store.ops import (
    AddCommand,
    AddEvent,
    BeginUse,
    CloseCommand,
    Command,
    DropRecord,
    DropSecrets,
    EndUse,
    Event,
    Lease,
    Op,
    PutRecord,
    PutResource,
    PutSecret,
    PutSignal,
    Resource,
    Signal,
    TryToWrite,
    Use,
)
from state_machines.record import Record


def record(name: str = "node01", version: int = 1, **more: Any) -> Record:
    return Record(name, "toy.node", "demo", "pending", 10.0, version=version, **more)


def line(message: str, record: str | None = "node01", shard: str = "demo", kind: Any = "note") -> AddEvent:
    return AddEvent(Event(1.5, shard, record, kind, message))


def command(token: str, target: str = "node01", verb: str = "retry", time: float = 1.0) -> AddCommand:
    return AddCommand(Command(token, target, "demo", verb, "ada", time))


FULL = record(
    "node02",
    step="making",
    attempt=3,
    tries=2,
    deadline=99.5,
    wake_at=42.25,
    forget=True,
    protected=True,
    stop_after="making",
    wait={"for": "ü", "attention": False},
    error={"code": "quota", "evidence": None},
    spec={"deadlines": {"making": 60.0}, "first": True},
    facts={"round": 2},
)
ROW = Resource(
    "node02", "demo", "power", "env-node02-bms", "present", "id-1", 3, {"vnis": ["a", "b"]}, "effect"
)
SIGNAL = Signal("node02", "demo", "phase", 2, 7, 3.5, {"percent": None, "message": "é\n"})


async def everything(store: Store) -> list[Any]:
    """What a starting daemon would know, in an order of its own, and the whole log."""
    contents = await store.load()
    return [
        contents.daemon_id,
        contents.revision,
        sorted(contents.records, key=lambda r: r.name),
        sorted(contents.resources, key=lambda r: r.key),
        sorted(contents.signals, key=lambda s: (s.record, s.name)),
        sorted(contents.commands, key=lambda c: c.token),
        contents.tokens,
        contents.secrets,
        sorted(contents.uses, key=lambda u: (u.shard, u.id)),
        await store.events(),
    ]


async def test_load_gives_back_exactly_what_was_committed(store: Store) -> None:
    lease = await store.acquire("test")
    asked = Command("t1", "node02", "demo", "retry", "ada", 1.0)
    ops: list[Op] = [PutRecord(FULL), PutRecord(record()), PutResource(ROW), PutSignal(SIGNAL)]
    ops += [AddCommand(asked), PutSecret("node02/boot_token", "demo", b"\x00sealed\xff")]
    given = await store.commit(lease, [*ops, line("made")])
    contents = await store.load()
    assert contents.daemon_id == "first"
    assert sorted(contents.records, key=lambda r: r.name) == [record(), FULL]
    assert contents.resources == [ROW]
    assert contents.signals == [SIGNAL]
    assert contents.commands == [asked]
    assert contents.tokens == {"t1": "node02"}
    assert contents.secrets == {"node02/boot_token": b"\x00sealed\xff"}
    assert given == await store.events() == [replace(line("made").event, revision=1)]
    assert contents.revision == 1


@pytest.mark.parametrize("kept", [FULL, ROW, SIGNAL], ids=lambda kept: type(kept).__name__)
def test_what_is_written_and_read_has_no_field_that_would_be_the_same_if_it_were_left_out(kept: Any) -> None:
    left_out = [one.name for one in msgspec.structs.fields(kept) if getattr(kept, one.name) == one.default]
    assert left_out == []


async def test_what_an_object_used_begins_once_ends_once_and_outlives_its_row_and_its_node(
    store: Store,
) -> None:
    lease = await store.acquire("test")
    use = Use("demo", "server", "id-1", "bx2d", 5.0)
    other = replace(use, id="id-2", began=6.0)
    await store.commit(
        lease, [PutRecord(record()), PutRecord(record("demo")), BeginUse(use), BeginUse(other)]
    )
    await store.commit(lease, [BeginUse(replace(use, began=50.0)), EndUse("demo", "server", "id-1", 9.0)])
    await store.commit(lease, [EndUse("demo", "server", "id-1", 90.0), EndUse("demo", "server", "none", 9.0)])
    await store.commit(lease, [DropRecord("node01")])
    assert sorted((await store.load()).uses, key=lambda one: one.id) == [replace(use, ended=9.0), other]
    await store.commit(lease, [DropRecord("demo")])
    assert (await store.load()).uses == []


async def test_a_version_conflict_changes_nothing_at_all(store: Store) -> None:
    lease = await store.acquire("test")
    await store.commit(lease, [PutRecord(record(version=1)), line("first")])
    before = await everything(store)
    ops: list[Op] = [line("never"), PutResource(ROW), command("t1"), PutSignal(SIGNAL)]
    ops += [BeginUse(Use("demo", "server", "id-1", "bx2d", 5.0))]
    ops += [PutSecret("node01/x", "demo", b"x"), PutRecord(record(version=3)), DropRecord("node01")]
    with pytest.raises(VersionConflict):
        await store.commit(lease, ops)
    assert await everything(store) == before
    given = await store.commit(lease, [PutRecord(record(version=2)), line("second")])
    assert [event.revision for event in given] == [2]


@pytest.mark.parametrize("version", [2, 3, 9])
async def test_a_change_of_a_record_that_is_gone_is_refused_whole(store: Store, version: int) -> None:
    lease = await store.acquire("test")
    await store.commit(lease, [PutRecord(record()), PutRecord(record(version=2))])
    dropped = store.commit(lease, [DropRecord("node01")])
    late = store.commit(lease, [PutRecord(record(version=version)), line("never"), PutResource(ROW)])
    told = await asyncio.gather(dropped, late, return_exceptions=True)
    assert isinstance(told[1], RecordForgotten)
    with pytest.raises(RecordForgotten):
        await store.commit(lease, [PutRecord(record("other")), PutRecord(record("nobody", version))])
    with pytest.raises(RecordForgotten):
        await store.commit(
            lease, [PutRecord(record("other")), DropRecord("other"), PutRecord(record("other", 2))]
        )
    contents = await store.load()
    assert (contents.records, contents.resources, await store.events()) == ([], [], [])
    await store.commit(lease, [PutRecord(record()), PutRecord(record(version=2))])
    assert (await store.load()).records == [record(version=2)]


def claim(owner: str, name: str = "52:54:00:00:00:01", **more: Any) -> PutResource:
    return PutResource(Resource(owner, "demo", "mac", name, "present", nature="claim", **more))


async def test_a_key_is_claimed_by_one_owner_until_it_is_given_back(store: Store) -> None:
    lease = await store.acquire("one")
    await store.commit(lease, [claim("node01")])
    await store.commit(lease, [claim("node01"), claim("node02", "52:54:00:00:00:02")])
    with pytest.raises(Taken):
        await store.commit(lease, [line("not this"), claim("node02")])
    assert await store.events() == []
    released = PutResource(replace(claim("node01").resource, state="gone"))
    await store.commit(lease, [released, claim("node02")])
    with pytest.raises(Taken):
        await store.commit(lease, [claim("node01")])
    await store.commit(lease, [PutRecord(record("node02"))])
    await store.commit(lease, [DropRecord("node02"), claim("node01")])


async def test_two_that_claim_a_key_in_the_same_moment_do_not_both_get_it(store: Store) -> None:
    lease = await store.acquire("one")
    asked = [store.commit(lease, [claim(f"node{number:02}")]) for number in range(20)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == [*["Taken"] * 19, "list"]


async def test_what_is_no_claim_may_bear_the_same_name_twice(store: Store) -> None:
    lease = await store.acquire("one")
    await store.commit(
        lease,
        [PutResource(Resource(f"node{number}", "demo", "vni", "same", "present")) for number in range(3)],
    )


async def test_a_record_may_go_on_by_several_versions_in_one_commit(store: Store) -> None:
    lease = await store.acquire("test")
    names = [f"n{number}" for number in range(100)]
    await store.commit(lease, [PutRecord(record(name)) for name in names])
    await store.commit(lease, [PutRecord(record(name, version)) for version in (2, 3) for name in names])
    before = await everything(store)
    assert {kept.version for kept in before[2]} == {3}
    broken = [PutRecord(record(name, version)) for name in names for version in (4, 5)]
    broken[150] = PutRecord(record(names[75], 7))
    with pytest.raises(VersionConflict):
        await store.commit(lease, broken)
    assert await everything(store) == before


async def test_a_conflict_does_not_harm_the_commits_that_queued_with_it(store: Store) -> None:
    lease = await store.acquire("test")
    await store.commit(lease, [PutRecord(record("taken"))])
    commits: list[Sequence[Op]] = [[PutRecord(record(f"n{i}")), line(f"n{i}", f"n{i}")] for i in range(9)]
    commits.insert(4, [PutRecord(record("taken")), line("never", "taken")])
    told = await asyncio.gather(*(store.commit(lease, ops) for ops in commits), return_exceptions=True)
    assert isinstance(told.pop(4), VersionConflict)
    assert [[(e.revision, e.message) for e in events] for events in told if isinstance(events, list)] == [
        [(i + 1, f"n{i}")] for i in range(9)
    ]
    names = {r.name for r in (await store.load()).records}
    assert names == {"taken", *(f"n{i}" for i in range(9))}


async def test_many_commits_at_once_are_all_kept_with_revisions_in_order_and_without_gaps(
    store: Store,
) -> None:
    lease = await store.acquire("test")

    async def writer(name: str) -> list[int]:
        mine: list[int] = []
        for version in range(1, 11):
            events = await store.commit(
                lease, [PutRecord(record(name, version)), line(name, name), line(name)]
            )
            mine += [event.revision for event in events]
        return mine

    given = await asyncio.gather(*(writer(f"n{i}") for i in range(20)))
    assert all(mine == sorted(mine) for mine in given)
    assert sorted(revision for mine in given for revision in mine) == list(range(1, 401))
    log = await store.events()
    assert [event.revision for event in log] == list(range(1, 401))
    contents = await store.load()
    assert {r.version for r in contents.records} == {10}
    assert contents.revision == 400


async def test_the_log_is_read_by_shard_record_kind_and_from_either_end(store: Store) -> None:
    lease = await store.acquire("test")
    lines = [
        line("a", "node01", "demo", "transition"),
        line("b", "node02", "demo", "call"),
        line("c", None, "other", "note"),
        line("d", "node01", "demo", "call"),
        line("e", "demo", "demo", "transition"),
    ]
    await store.commit(lease, lines)

    async def read(**wanted: Any) -> str:
        return "".join(event.message for event in await store.events(**wanted))

    assert await read() == "abcde"
    assert await read(after=2) == "cde"
    assert await read(limit=2) == "ab"
    assert await read(after=1, limit=2) == "bc"
    assert await read(tail=True, limit=2) == "de"
    assert await read(tail=True, limit=2, after=4) == "e"
    assert await read(shard="demo") == "abde"
    assert await read(record="node01") == "ad"
    assert await read(kind="call") == "bd"
    assert await read(record="node01", kind="call", shard="demo") == "d"
    assert await read(record="node01", tail=True, limit=1) == "d"
    assert await read(after=5) == ""


async def test_the_same_token_twice_is_one_command_and_stays_known_when_it_is_closed(store: Store) -> None:
    lease = await store.acquire("test")
    await store.commit(lease, [command("t1")])
    await store.commit(lease, [command("t1", verb="rollback")])
    open_now = (await store.load()).commands
    assert [(c.token, c.verb) for c in open_now] == [("t1", "retry")]
    await store.commit(lease, [CloseCommand("t1", "node01")])
    await store.commit(lease, [command("t1")])
    contents = await store.load()
    assert contents.commands == []
    assert contents.tokens == {"t1": "node01"}


async def test_open_commands_come_back_in_the_order_in_which_they_were_given(store: Store) -> None:
    lease = await store.acquire("test")
    for time, token in enumerate(("zz", "aa", "mm")):
        await store.commit(lease, [command(token, time=float(time))])
    assert [c.token for c in (await store.load()).commands] == ["zz", "aa", "mm"]


async def test_when_the_daemon_lived_last_is_read_back(store: Store) -> None:
    lease = await store.acquire("a")
    assert (await store.load()).lived is None
    for time in (1700000000.25, 1700000010.5):
        await store.commit(lease, [TryToWrite(time, "7 xxx")])
    assert (await store.load()).lived == 1700000010.5


async def test_of_each_name_the_last_signal_is_kept_in_whatever_commit_it_came(store: Store) -> None:
    lease = await store.acquire("test")
    error = replace(SIGNAL, name="install_error")
    await store.commit(lease, [PutSignal(SIGNAL), PutSignal(error), PutSignal(replace(SIGNAL, boot=8))])
    group = [replace(SIGNAL, round=3, boot=9, time=time) for time in (4.0, 5.0)]
    await asyncio.gather(*(store.commit(lease, [PutSignal(one)]) for one in group))
    kept = sorted((await store.load()).signals, key=lambda signal: signal.name)
    assert kept == [error, group[-1]]


async def test_a_dropped_record_is_forgotten_with_everything_but_its_log(store: Store) -> None:
    lease = await store.acquire("test")
    await store.commit(lease, [PutRecord(record("node01")), PutRecord(replace(FULL, version=1))])
    row = replace(ROW, owner="node01")
    signal = replace(SIGNAL, record="node01")
    await store.commit(lease, [PutResource(row), PutResource(ROW), PutSignal(signal), PutSignal(SIGNAL)])
    await store.commit(lease, [command("t1"), command("t2", "node02"), line("made")])
    await store.commit(lease, [PutSecret("node01/a", "demo", b"1"), PutSecret("node011/a", "demo", b"2")])
    await store.commit(lease, [DropRecord("node01"), DropSecrets("node01/"), line("gone")])
    contents = await store.load()
    assert [r.name for r in contents.records] == ["node02"]
    assert contents.resources == [ROW]
    assert contents.signals == [SIGNAL]
    assert [c.token for c in contents.commands] == ["t2"]
    assert contents.secrets == {"node011/a": b"2"}
    assert [e.message for e in await store.events()] == ["made", "gone"]
    await store.commit(lease, [PutRecord(record("node01"))])
    assert {r.name for r in (await store.load()).records} == {"node01", "node02"}


async def test_an_older_lease_is_fenced_as_soon_as_a_newer_one_is_taken(store: Store) -> None:
    old = await store.acquire("the one that was away")
    await store.commit(old, [PutRecord(record())])
    new = await store.acquire("the one that took over")
    before = await everything(store)
    with pytest.raises(Fenced):
        await store.commit(old, [PutRecord(record(version=2)), line("never")])
    assert await everything(store) == before
    both = await asyncio.gather(
        store.commit(old, [line("never")]), store.commit(new, [line("mine")]), return_exceptions=True
    )
    assert isinstance(both[0], Fenced)
    assert [event.message for event in await store.events()] == ["mine"]


async def test_a_lease_of_the_future_does_not_exist(store: Store) -> None:
    first = await store.acquire("a")
    second = await store.acquire("b")
    assert (first.owner, second.owner) == ("a", "b")
    assert isinstance(first, Lease) and second.epoch > first.epoch
