"""What an installer reports is told by its phases: how long each took, what is usual, and what is still to come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from daemon.outlook.boots import boots_of
from daemon.store.ops import AddEvent, Event

TITLES = ("started", "read", "checked", "fetched")


async def report(house: Any, name: str, boot: int, *phases: int, of: int = 4, each: float = 20.0) -> None:
    """Report these phases, one after the other."""
    for phase in phases:
        await house.pass_time(each)
        data = {"boot": boot, "kind": house.toy.node.name, "phase": phase, "of": of}
        said = f"phase {phase}: {TITLES[phase - 1]}"
        await house.commit(AddEvent(Event(house.clock.now(), "demo", name, "boot", said, "info", name, data)))


async def boots(house: Any, name: str = "node01") -> Sequence[Any]:
    return await boots_of(house.journal, house.record(name))


async def test_what_is_still_to_come_is_told_with_what_it_took_before(house: Any) -> None:
    await house.sow("node01", "node02")
    await report(house, "node01", 1, 1, 2)
    (boot,) = await boots(house)
    assert boot["to_come"] == {"first": 3, "last": 4, "usual": None}, "nobody has been there yet"
    await report(house, "node02", 1, 1, 2, 3, 4, each=50.0)
    (boot,) = await boots(house)
    assert boot["to_come"] == {"first": 3, "last": 4, "usual": 100.0}
    await report(house, "node01", 1, 3)
    assert (await boots(house))[0]["to_come"] == {"first": 4, "last": 4, "usual": 50.0}
    await report(house, "node01", 1, 4)
    assert "to_come" not in (await boots(house))[0], "it is over"


async def test_a_boot_that_another_one_followed_has_nothing_to_come(house: Any) -> None:
    await house.sow("node01")
    await report(house, "node01", 1, 1, 2)
    await report(house, "node01", 2, 1)
    first, second = await boots(house)
    assert "to_come" not in first and first["ended"] == second["began"]
    assert second["to_come"]["first"] == 2


async def test_a_boot_that_failed_has_nothing_to_come(house: Any) -> None:
    await house.sow("node01")
    await report(house, "node01", 1, 1, 2)
    broke = Event(house.clock.now(), "demo", "node01", "error", "broken", "error", "nxd", {"boot": 1})
    await house.commit(AddEvent(broke))
    (boot,) = await boots(house)
    assert boot["failed"] and "to_come" not in boot and boot["of"] == 4
