"""Whatever a commit holds, and in whatever order: both stores hold the same after it, and the mirror what a restart
would read."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from daemon.memory.mirror import Mirror
from daemon.store.base import Store, VersionConflict
from daemon.store.memory import MemoryStore
from daemon.store.ops import (
    AddCommand,
    AddEvent,
    CloseCommand,
    Command,
    DropRecord,
    DropSecrets,
    Event,
    Op,
    PutRecord,
    PutResource,
    PutSecret,
    PutSignal,
    Resource,
    Signal,
)
from daemon.store.sqlite import SqliteStore
from state_machines.record import Record

NAMES = st.sampled_from(["a", "b"])
ADDRESSES = ["10.0.0.1", "10.0.0.2"]
STATES = st.sampled_from(["intended", "present", "deleting", "gone"])


TARGETS = {"t0": "a", "t1": "a", "t2": "b"}
"""Token → the record that its verb is for."""


def close(token: str) -> CloseCommand:
    return CloseCommand(token, TARGETS[token])


def add(token: str) -> AddCommand:
    return AddCommand(Command(token, TARGETS[token], "demo", "retry", "ada", 1.0))


def put(name: str, version: int) -> PutRecord:
    return PutRecord(Record(name, "toy.node", "demo", "pending", 1.0, version=version))


def resource(owner: str, name: str, state: Any, address: str) -> PutResource:
    return PutResource(Resource(owner, "demo", "ip", name, state, None, 1, {"address": address}))


TOKENS = st.sampled_from(sorted(TARGETS))
OPS: st.SearchStrategy[Op] = st.one_of(
    st.builds(
        lambda name, version, protected, after: PutRecord(
            Record(
                name,
                "toy.node",
                "demo",
                "pending",
                1.0,
                version=version,
                protected=protected,
                stop_after=after,
            )
        ),
        NAMES,
        st.integers(1, 3),
        st.booleans(),
        st.sampled_from([None, "making"]),
    ),
    st.builds(DropRecord, NAMES),
    st.builds(resource, NAMES, st.sampled_from(["x", "y"]), STATES, st.sampled_from(ADDRESSES)),
    st.builds(lambda name: AddEvent(Event(1.0, "demo", name, "note", "said")), NAMES),
    st.builds(
        lambda name, word, boot, time: PutSignal(Signal(name, "demo", word, 1, boot, time)),
        NAMES,
        st.sampled_from(["phase", "install_error"]),
        st.integers(1, 2),
        st.sampled_from([1.0, 2.0]),
    ),
    st.builds(add, TOKENS),
    st.builds(close, TOKENS),
    st.builds(lambda name, sealed: PutSecret(f"{name}/s", "demo", sealed), NAMES, st.binary(max_size=2)),
    st.builds(lambda name: DropSecrets(f"{name}/"), NAMES),
)
BATCHES = st.lists(st.lists(OPS, max_size=8), max_size=5)


async def contents(store: Store) -> list[Any]:
    held = await store.load()
    return [
        held.revision,
        sorted(held.records, key=lambda one: one.name),
        sorted(held.resources, key=lambda one: one.key),
        sorted(held.signals, key=lambda one: (one.record, one.name)),
        sorted(held.commands, key=lambda one: one.token),
        held.tokens,
        held.secrets,
        await store.events(),
    ]


def known(mirror: Mirror) -> list[Any]:
    return [
        mirror.records,
        sorted(mirror.all_resources(), key=lambda one: one.key),
        {name: dict(mirror.signals(name)) for name in "ab"},
        mirror.secrets,
        {address: mirror.holders(address) for address in ADDRESSES},
        {address: mirror.is_held(address) for address in ADDRESSES},
        mirror.members("demo"),
        [sorted(mirror.commands(name), key=lambda one: one.token) for name in "ab"],
        {token: mirror.knows_token(token) for token in TARGETS},
    ]


async def compare(batches: Sequence[Sequence[Op]], directory: Path) -> None:
    disk, memory = SqliteStore(directory / "nxd.db", "one"), MemoryStore("one")
    await disk.open()
    try:
        leases = [await disk.acquire("test"), await memory.acquire("test")]
        mirror = Mirror(await memory.load())
        for ops in batches:
            told: list[Any] = []
            for store, lease in zip((disk, memory), leases, strict=True):
                try:
                    told.append(await store.commit(lease, ops))
                except VersionConflict:
                    told.append(None)
            assert told[0] == told[1]
            if told[0] is not None:
                mirror.apply(ops)
            assert await contents(disk) == await contents(memory)
            assert known(mirror) == known(Mirror(await disk.load()))
    finally:
        await disk.close()


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(BATCHES)
@example([[add("t0")], [close("t0"), add("t1"), close("t1")]])
@example([[add("t0"), close("t0"), add("t0")], [add("t0")]])
@example([[add("t0"), close("t0"), DropRecord("a")], [add("t0")]])
@example([[DropRecord("a"), put("a", 2)], [put("a", 1), put("a", 2), DropRecord("a"), put("a", 3)]])
@example([[PutSecret("a/s", "demo", b"1"), DropSecrets("a/"), PutSecret("a/s", "demo", b"2")]])
@example([[resource("a", "x", "present", "10.0.0.1")], [resource("a", "x", "gone", "10.0.0.1")]])
def test_both_stores_and_the_mirror_agree_after_every_commit(batches: Sequence[Sequence[Op]]) -> None:
    with tempfile.TemporaryDirectory() as directory, contextlib.closing(asyncio.new_event_loop()) as loop:
        loop.run_until_complete(compare(batches, Path(directory)))


def test_an_address_is_free_again_once_its_object_is_gone_or_has_another_one() -> None:
    mirror = Mirror(asyncio.run(MemoryStore("one").load()))
    mirror.apply([resource("a", "x", "present", "10.0.0.1")])
    assert mirror.is_held("10.0.0.1") and mirror.holders("10.0.0.1") == {"a"}
    mirror.apply([resource("a", "x", "present", "10.0.0.2")])
    assert not mirror.is_held("10.0.0.1") and mirror.is_held("10.0.0.2")
    mirror.apply([resource("a", "x", "gone", "10.0.0.2")])
    assert not mirror.is_held("10.0.0.2")
    mirror.apply([resource("a", "x", "present", "10.0.0.1"), PutRecord(Record("a", "k", "a", "s", 1.0))])
    mirror.apply([DropRecord("a")])
    assert not mirror.is_held("10.0.0.1") and mirror.holders("10.0.0.1") == set()
